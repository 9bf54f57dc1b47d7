"""The routes of the query service as methods."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypedDict, Unpack
from urllib.parse import quote

from lookalike.client.answers import FailedPage, Found, FoundEach, Info, Job, Label, Ready
from lookalike.client.connection import Connection
from lookalike.client.wire import Batch, Jobs, Labels
from lookalike.errors import BadSetting
from lookalike.storage import Storage, local_uri

#: A search takes milliseconds; one that waits behind many, or for a model to load, some seconds.
TIMEOUT_S = 30.0
#: Far more than a service takes; smaller than memory.
MAX_PICTURE_BYTES = 2**30

#: An encoded picture, or the file it is in.
Picture = bytes | Path


class Wanted(TypedDict, total=False):
    """What every search takes: `k` matches (10) after the first `offset` (0), none scoring less than `min_score`,
    only those with the values in `filters`, whose keys are `label` (or `name`) and `metadata.KEY`."""

    k: int
    offset: int
    min_score: float
    filters: Mapping[str, str]


class Client:
    """One query service; threads may share it.

    A request is made again, twice at most, when the service asks to come back within seconds. Every method raises
    QueryServiceUnavailable, AccessDenied for a missing or wrong key, RequestRefused with the service's sentence, and
    BadSetting where something else than the service answers.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        ca_certs: str | None = None,
        insecure: bool = False,
    ) -> None:
        """Nothing is asked yet. `insecure` lets a key cross a network over plain http. Raises BadSetting."""
        self._service = Connection(url, api_key, timeout_s=timeout_s, ca_certs=ca_certs, insecure=insecure)

    def __repr__(self) -> str:
        return f"Client({self.address!r})"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def address(self) -> str:
        return self._service.address

    def close(self) -> None:
        self._service.close()

    def search(
        self,
        picture: Picture | None = None,
        *,
        id: str | None = None,
        uri: str | None = None,
        include_self: bool = False,
        **wanted: Unpack[Wanted],
    ) -> Found:
        """What is like a picture, or like the stored one with this id or uri. Raises ImageRejected."""
        if sum(given is not None for given in (picture, id, uri)) != 1:
            raise BadSetting("A search starts from one of a picture, an id and a uri.")
        if picture is not None:
            return self._service.ask(Found, "POST", "/search", params=_parameters(wanted), content=_content(picture))
        stored = {"id": id} if id is not None else {"uri": uri}
        parameters = _parameters(wanted) | stored | {"include_self": include_self}
        return self._service.ask(Found, "GET", "/search", params=parameters)

    def search_each(self, pictures: Iterable[Picture], **wanted: Unpack[Wanted]) -> FoundEach:
        """What is like each of at most 32 pictures; those that are rejected are told of in their place."""
        return self._service.ask(Batch, **_several(pictures, "each", wanted)).found()

    def search_mean(self, pictures: Iterable[Picture], **wanted: Unpack[Wanted]) -> Found:
        """What is like all of at most 32 pictures together. Raises ImageRejected if one of them is."""
        return self._service.ask(Found, **_several(pictures, "mean", wanted))

    def image(self, id: str) -> bytes:
        """A stored picture as its file is now. Raises ImageRejected where it cannot be read any more."""
        return self._service.fetch(f"/images/{_segment(id)}")

    def thumbnail(self, id: str, size: int = 256) -> bytes:
        """A stored picture as a JPEG, its longest side at most `size` pixels. Raises ImageRejected."""
        return self._service.fetch(f"/images/{_segment(id)}/thumbnail", params={"size": size})

    def labels(self) -> tuple[Label, ...]:
        """Most frequent first, a thousand at most."""
        return self._service.ask(Labels, "GET", "/labels").labels

    def jobs(self, limit: int = 20) -> tuple[Job, ...]:
        """The latest, newest first."""
        return self._service.ask(Jobs, "GET", "/jobs", params={"limit": limit}).jobs

    def job(self, id: str) -> Job:
        return self._service.ask(Job, "GET", f"/jobs/{_segment(id)}")

    def failed(self, job_id: str, *, limit: int = 100, offset: int = 0) -> FailedPage:
        """A page of a job's rejected pictures."""
        page = {"limit": limit, "offset": offset}
        return self._service.ask(FailedPage, "GET", f"/jobs/{_segment(job_id)}/failed", params=page)

    def info(self) -> Info:
        return self._service.ask(Info, "GET", "/info")

    def ready(self) -> Ready:
        """What is ready to search; QueryServiceUnavailable says at once why it is not."""
        return self._service.ask(Ready, "GET", "/health/ready", retries=0)


def _parameters(wanted: Wanted) -> dict[str, Any]:
    filters = wanted.get("filters", {})
    for field in filters:
        # Any other name would be taken for a parameter of another meaning.
        if field not in ("label", "name") and not field.startswith("metadata."):
            raise BadSetting(f"The query service cannot filter on {field!r}.", "Filter on label or metadata.KEY.")
    if "label" in filters and filters.get("name", filters["label"]) != filters["label"]:
        raise BadSetting("The filters `label` and `name` are the same field.", "Give one of them.")
    # Services of version 0.1 know the label by its first name alone.
    fields = {"name" if field == "label" else field: value for field, value in filters.items()}
    return {name: value for name, value in wanted.items() if name != "filters"} | fields


def _several(pictures: Iterable[Picture], mode: Literal["each", "mean"], wanted: Wanted) -> dict[str, Any]:
    parts = [("image", ("picture", _content(picture))) for picture in pictures]
    return {"method": "POST", "path": "/search/batch", "params": _parameters(wanted) | {"mode": mode}, "files": parts}


def _content(picture: Picture) -> bytes:
    """Raises ImageRejected, SourceUnavailable."""
    if isinstance(picture, bytes):
        return picture
    return Storage(roots=(Path("/"),), max_bytes=MAX_PICTURE_BYTES).read(local_uri(picture))


def _segment(id: str) -> str:
    """An id as one piece of a path, whatever stands in it."""
    return quote(id, safe="").replace(".", "%2E")

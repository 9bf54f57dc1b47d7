"""The routes of the query service as methods."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypedDict, Unpack
from urllib.parse import quote

from lookalike.client.answers import BatchResult, batch_result
from lookalike.client.connection import Connection
from lookalike.client.examples import alone_of, examples_form, without_defaults
from lookalike.errors import BadSetting
from lookalike.filters import Filters, conditions
from lookalike.http_filters import from_parameters, to_parameters
from lookalike.http_schemas import (
    BatchAnswer,
    Field,
    FieldList,
    ImageList,
    Info,
    Job,
    Jobs,
    Label,
    Labels,
    Ready,
    RejectedPage,
    SearchResult,
)
from lookalike.queries.examples import Example, Upload
from lookalike.queries.listing import NEWEST
from lookalike.records import Facet, Facets
from lookalike.records.facets import RANGES, VALUES
from lookalike.storage import Storage, local_uri

#: A search takes milliseconds, but it may wait behind others, or for a model to load.
TIMEOUT_S = 30.0
#: Larger than any service accepts; smaller than memory.
MAX_IMAGE_BYTES = 2**30

#: An encoded image (JPEG, PNG, ...), or its file.
Image = bytes | Path


class SearchOptions(TypedDict, total=False):
    """Options of every search.

    `k` is the number of matches (default 10), after the first `offset` (default 0). Matches with a score below
    `min_score` are left out. `sort` is `score`, `taken`, `ingested`, `label` or a metadata field, with a minus before
    it reversed; `group_by` leaves the best match for each value of a field; `diversity` from 0 to 1 chooses matches
    that differ from one another. Only images that meet all `filters` are returned: a list of texts such as
    "year>=2020", or a mapping of `label`, `uri` or a metadata field to a value, or to several of which one must fit.
    `exact` compares all vectors, however many there are. `cursor` is "*" for a first page with a cursor; then it is
    that of the answer before. `facets` are fields whose values are counted among all images that meet the filters.
    """

    k: int
    offset: int
    min_score: float
    sort: str
    group_by: str | None
    diversity: float
    exact: bool
    cursor: str | None
    facets: Sequence[str] | None
    filters: Filters


class Client:
    """A client of one query service. Thread-safe.

    A request is repeated, at most twice, if the service is busy and asks to retry within seconds. Every method raises
    QueryServiceUnavailable, AccessDenied for a missing or wrong key, RequestRejected with the service's message (for a
    filter FilterRejected, which is a BadFilter too), and BadSetting if the URL leads to something other than a query
    service.
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
        """Sends no request yet. `ca_certs` is a PEM file of certificate authorities; `insecure` allows sending the key
        over plain http to another machine. Raises BadSetting."""
        self._connection = Connection(url, api_key, timeout_s=timeout_s, ca_certs=ca_certs, insecure=insecure)

    def __repr__(self) -> str:
        return f"Client({self.address!r})"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def address(self) -> str:
        """The URL of the service."""
        return self._connection.address

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def search(
        self,
        image: Image | None = None,
        *,
        id: str | None = None,
        uri: str | None = None,
        include_self: bool = False,
        **options: Unpack[SearchOptions],
    ) -> SearchResult:
        """The stored images most similar to an image, or to the stored image with this id or uri.

        A stored image is left out of its own matches unless `include_self`. Raises ImageRejected if the image cannot
        be read, RequestRejected (status 404) if no image is stored under the id or uri, BadSetting unless exactly one
        of `image`, `id` and `uri` is given.
        """
        if sum(given is not None for given in (image, id, uri)) != 1:
            raise BadSetting("A search needs one of an image, an id and a uri.", "Give exactly one of them.")
        parameters = _parameters(options)
        if image is not None:
            return self._connection.request(SearchResult, "POST", "/search", params=parameters, content=_content(image))
        stored = {"id": id} if id is not None else {"uri": uri}
        parameters += [*stored.items(), ("include_self", include_self)]
        return self._connection.request(SearchResult, "GET", "/search", params=parameters)

    def search_like(self, examples: Sequence[Example], **options: Unpack[SearchOptions]) -> SearchResult:
        """The stored images most similar to what at most 32 examples have in common, without those that are examples.

        Raises ImageRejected if an image or its region cannot be read, RequestRejected for an id that is not stored
        (status 404) and for examples that cancel each other out (400).
        """
        if (alone := alone_of(examples)) is not None:
            # In a form that services of earlier releases know.
            image, id = (alone.data, None) if isinstance(alone, Upload) else (None, alone.id)
            return self.search(image, id=id, **options)
        form = examples_form(examples, options)
        return self._connection.request(SearchResult, "POST", "/search", files=form)

    def search_each(self, images: Iterable[Image], **options: Unpack[SearchOptions]) -> BatchResult:
        """Search for each of at most 32 images. A rejected image has its error in place of its matches."""
        return batch_result(self._connection.request(BatchAnswer, **_batch(images, "each", options)))

    def search_mean(self, images: Iterable[Image], **options: Unpack[SearchOptions]) -> SearchResult:
        """Search once, with the mean embedding of at most 32 images. Raises ImageRejected if one of them is."""
        return self._connection.request(SearchResult, **_batch(images, "mean", options))

    def images(
        self,
        sort: str = NEWEST,
        *,
        limit: int = 100,
        seed: int = 0,
        cursor: str | None = None,
        filters: Filters | None = None,
    ) -> ImageList:
        """One page of the images that meet the filters: `newest` first, by `label`, by a metadata field, or in the
        `random` order of this seed; with a minus before it reversed. `cursor` is `next` of the page before.

        Raises RequestRejected for another order or cursor (status 400), FilterRejected for an unknown field."""
        parameters: list[tuple[str, Any]] = [("sort", sort), ("limit", limit), ("seed", seed)]
        if cursor is not None:
            parameters.append(("cursor", cursor))
        return self._connection.request(ImageList, "GET", "/images", params=[*parameters, *_filters(filters)])

    def image(self, id: str) -> bytes:
        """The file of a stored image, as it is now. Raises RequestRejected (status 404) if it cannot be read."""
        return self._connection.fetch(f"/images/{_segment(id)}")

    def thumbnail(self, id: str, size: int = 256) -> bytes:
        """A JPEG of a stored image; its longest side has at most `size` pixels, from 32 to 1024. Raises RequestRejected
        (status 404) if the file cannot be read."""
        return self._connection.fetch(f"/images/{_segment(id)}/thumbnail", params={"size": size})

    def fields(self) -> tuple[Field, ...]:
        """The metadata fields of the index, with their types."""
        return self._connection.request(FieldList, "GET", "/fields").fields

    def facet(self, field: str, *, limit: int = 50, filters: Filters | None = None) -> Facet:
        """The most frequent values of `label` or of a metadata field, among the images that meet the filters; of
        numbers and dates also the least and the greatest. Raises FilterRejected for an unknown field."""
        parameters = [("limit", limit), *_filters(filters)]
        return self._connection.request(Facet, "GET", f"/facets/{_segment(field)}", params=parameters)

    def facets(self, *fields: str, limit: int = VALUES, ranges: int = RANGES, filters: Filters | None = None) -> Facets:
        """How many images have which values of `label` and of metadata fields, by default of all, among the images that
        meet the filters: the `limit` most frequent values, and at most `ranges` ranges of numbers and dates. Raises
        FilterRejected for an unknown field."""
        parameters: list[tuple[str, Any]] = [("limit", limit), ("ranges", ranges)]
        if fields:
            parameters.append(("fields", ",".join(fields)))
        return self._connection.request(Facets, "GET", "/facets", params=[*parameters, *_filters(filters)])

    def labels(self) -> tuple[Label, ...]:
        """The labels with the number of their images; the thousand most frequent ones, most frequent first."""
        return self._connection.request(Labels, "GET", "/labels").labels

    def jobs(self, limit: int = 20) -> tuple[Job, ...]:
        """The latest jobs, newest first; at most 100."""
        return self._connection.request(Jobs, "GET", "/jobs", params={"limit": limit}).jobs

    def job(self, id: str) -> Job:
        """One job. Raises RequestRejected (status 404) for an unknown id."""
        return self._connection.request(Job, "GET", f"/jobs/{_segment(id)}")

    def failed(self, job_id: str, *, limit: int = 100, offset: int = 0) -> RejectedPage:
        """A page of a job's rejected images, at most 1,000 of them."""
        page = {"limit": limit, "offset": offset}
        return self._connection.request(RejectedPage, "GET", f"/jobs/{_segment(job_id)}/failed", params=page)

    def info(self) -> Info:
        """The index and the model of the service."""
        return self._connection.request(Info, "GET", "/info")

    def ready(self) -> Ready:
        """The state of a service that can search. Raises QueryServiceUnavailable, with the reason and without a retry,
        while it cannot."""
        return self._connection.request(Ready, "GET", "/health/ready", retries=0)


def _parameters(options: SearchOptions) -> list[tuple[str, Any]]:
    """Raises BadFilter."""
    given = without_defaults(options)
    if "facets" in given:
        given["facets"] = ",".join(given["facets"])
    return [*given.items(), *_filters(options.get("filters"))]


def _filters(filters: Filters | None) -> list[tuple[str, Any]]:
    """Raises BadFilter, also for more filters than a service accepts: it would not read them to their end."""
    parameters = to_parameters(conditions(filters))
    from_parameters(parameters)
    return [*parameters]


def _batch(images: Iterable[Image], mode: Literal["each", "mean"], options: SearchOptions) -> dict[str, Any]:
    files = [("image", ("image", _content(image))) for image in images]
    return {
        "method": "POST",
        "path": "/search/batch",
        "params": [*_parameters(options), ("mode", mode)],
        "files": files,
    }


def _content(image: Image) -> bytes:
    """Raises ImageRejected, SourceUnavailable."""
    if isinstance(image, bytes):
        return image
    return Storage(roots=(Path("/"),), max_bytes=MAX_IMAGE_BYTES).read(local_uri(image))


def _segment(id: str) -> str:
    """An id as one segment of a URL's path, whatever characters it has."""
    return quote(id, safe="").replace(".", "%2E")

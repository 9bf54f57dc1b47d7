"""Chooses what answers a search: this process, or the query service of LOOKALIKE_API_URL. Imports only one of them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from lookalike.errors import BadSetting, LookalikeError, NotIndexed, RequestRejected
from lookalike.http_schemas import SearchResult
from lookalike.image_index.gallery import THUMBNAIL_SIZE
from lookalike.queries.examples import Example, ids_of
from lookalike.queries.options import Options
from lookalike.records import Match
from lookalike.settings import Settings

#: HTTP's status for what does not exist.
NOT_FOUND = 404
#: Settings that the query service decides.
OF_THE_SERVICE = frozenset({"model", "weights", "preprocessing", "text_model", "tokenizer"})


class Searching(Protocol):
    """Answers searches, best match first; threads may share it."""

    #: Whether images cross a network.
    is_remote: bool

    def like(self, examples: Sequence[Example], options: Options) -> SearchResult:
        """Stored examples are left out. Raises what `Searcher.like` raises."""

    def thumbnail(self, match: Match) -> bytes | None:
        """A JPEG, or None where the file cannot be shown any more."""

    def close(self) -> None: ...


def open_searching(settings: Settings, chosen: frozenset[str], *, preload: bool) -> Searching:
    """`chosen` are the names of the settings that the caller gave; `preload` starts to load the model now.

    Raises BadSetting if the query service answers and the caller chose something that the service decides.
    """
    if settings.api_url is None:
        from lookalike.image_index.local_search import LocalSearch

        return LocalSearch(settings, preload=preload)
    return RemoteSearch(settings, chosen)


class RemoteSearch:
    """Asks the query service. Raises what the client raises."""

    is_remote = True

    def __init__(self, settings: Settings, chosen: frozenset[str]) -> None:
        if names := sorted(chosen & OF_THE_SERVICE):
            raise BadSetting(
                f"{', '.join(names)} cannot be chosen here: the query service of LOOKALIKE_API_URL has its own.",
                "Leave it out, or unset LOOKALIKE_API_URL to search without the service.",
            )
        from lookalike.client import open_client

        self._client = open_client(settings)
        self._is_closed = False
        if "index" in chosen:
            try:
                self._check_index(settings.index)
            except BaseException:
                self.close()
                raise

    def like(self, examples: Sequence[Example], options: Options) -> SearchResult:
        try:
            return self._client.search_like(examples, **vars(options))
        except RequestRejected as error:
            ids = list(ids_of(examples))
            if error.status == NOT_FOUND and len(ids) == 1:
                raise NotIndexed(ids[0], self._client.info().index) from error
            raise

    def thumbnail(self, match: Match) -> bytes | None:
        # Matches may be shown after their handle was closed.
        if self._is_closed:
            return None
        with suppress(LookalikeError):
            return self._client.thumbnail(match.id, THUMBNAIL_SIZE)
        return None

    def close(self) -> None:
        self._is_closed = True
        self._client.close()

    def _check_index(self, index: str) -> None:
        theirs = self._client.info().index
        if theirs != index:
            raise BadSetting(
                f"The query service at {self._client.address} searches the index {theirs}, not {index}.",
                f"Open {theirs}, or unset LOOKALIKE_API_URL to search without the service.",
            )

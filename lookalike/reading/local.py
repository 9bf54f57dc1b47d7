"""Local files as one kind of place."""

import time

from lookalike.reading.contract import Fetched, LooksFirst, State
from lookalike.records import FileTimes, Span
from lookalike.remembered import SETTLED_AFTER_NS
from lookalike.storage import Storage


class LocalPlace(LooksFirst):
    """The files that a storage reads. The disk answers soon, so a call blocks the event loop for a moment."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        return fetched(self._storage, uri, span)

    async def look(self, uri: str) -> State:
        return state(self._storage, uri)

    async def close(self) -> None:
        pass


def fetched(storage: Storage, uri: str, span: Span | None = None) -> Fetched:
    """The bytes of a file, or `span` of them, with its etag. Raises as `Storage.read` does."""
    read_at_ns = time.time_ns()
    data, times = storage.content(uri, span)
    return Fetched(data, etag_of(times, read_at_ns))


def state(storage: Storage, uri: str) -> State:
    """Etag and size of a file, of whatever size. Raises as `Storage.read` does."""
    looked_at_ns = time.time_ns()
    times = storage.times(uri, of_any_size=True)
    return State(etag_of(times, looked_at_ns), times.size_bytes)


def etag_of(times: FileTimes, looked_at_ns: int) -> str:
    """Size and times as one text; empty for a file that was changed so shortly before that it may change again without
    other times."""
    if times.changed_ns > looked_at_ns - SETTLED_AFTER_NS:
        return ""
    return times.etag

"""The one front for all places: it reads any uri for code that is not asynchronous."""

import atexit
import os
import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from lookalike.errors import ImageRejected
from lookalike.reading.arrivals import Arrival, Meanwhile, Result, Unchanged, Wanted, nothing_else
from lookalike.reading.contract import Fetched, State
from lookalike.reading.local import fetched, state
from lookalike.reading.places import ARCHIVE, LOCAL, kind_of
from lookalike.records import FileTimes, ImageRef
from lookalike.storage import Storage

if TYPE_CHECKING:
    from lookalike.reading.remote import Remote
    from lookalike.settings import Settings


class Reader:
    """Reads local files, and listed members of local archives, in the calling thread, and everything else in one event
    loop of this process, which begins with the first such uri. Safe to share between threads, and to use after a fork.

    Every method raises ImageRejected, HostUnavailable, SourceUnavailable or MachineExhausted.
    """

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._storage = Storage(roots=settings.folders, max_bytes=settings.max_image_bytes)
        self._lock = threading.Lock()
        self._remote: Remote | None = None
        self._process = 0

    def read(self, uri: str) -> bytes:
        """The bytes of an image."""
        return self._storage.read(uri) if kind_of(uri) == LOCAL else self._elsewhere().fetch(ImageRef(uri)).data

    def fetch(self, ref: ImageRef, limit_s: float | None = None) -> Fetched:
        """The bytes of an image with their etag; from another host within `limit_s`, or HostUnavailable is raised."""
        here = self._here(ref) if self._is_here(ref) else None
        return self._elsewhere().fetch(ref, limit_s) if here is None else here

    def arrivals(
        self,
        wanted: Sequence[Wanted],
        meanwhile: Meanwhile = nothing_else,
        *,
        tries: int = 0,
        check: Callable[[], None] = lambda: None,
    ) -> Generator[Arrival]:
        """What becomes of each of these images. Local files are read one by one, in order; those of other places are
        fetched meanwhile, and come as they arrive. The bytes of one may be released when the next one is asked for.

        `meanwhile` is called while nothing has arrived, as long as it has something to do, and `check` again and again
        while other hosts are waited for: what it raises ends the wait.
        `tries` is how often the images were put aside before: then their hosts have more time. Close the iterator if it
        is left early.
        """
        elsewhere = [item for item in wanted if not self._is_here(item.ref)]
        if not elsewhere:
            return (self._local(item) for item in wanted)
        here = map(self._local, [item for item in wanted if self._is_here(item.ref)])
        return self._elsewhere().arrivals(elsewhere, here, meanwhile, tries=tries, check=check)

    def state(self, uri: str) -> State:
        """Etag and size, without the bytes."""
        return state(self._storage, uri) if kind_of(uri) == LOCAL else self._elsewhere().look(uri)

    def times(self, uri: str) -> FileTimes:
        """Size and times of a local file."""
        return self._storage.times(uri)

    def look(self, uri: str) -> FileTimes | None:
        """Size and times of a local file; None if there is none, or if the uri is no local file."""
        return self._storage.look(uri) if kind_of(uri) == LOCAL else None

    def close(self) -> None:
        """Close all connections. The reader can be used again."""
        with self._lock:
            remote, self._remote = self._remote, None
        if remote and self._process == os.getpid():
            remote.close()

    def _local(self, item: Wanted) -> Arrival:
        read_at_ns = time.time_ns()
        try:
            return Arrival(item.ref, self._content(item), read_at_ns)
        except ImageRejected as error:
            return Arrival(item.ref, error, read_at_ns)

    def _content(self, item: Wanted) -> Result:
        if item.etag and self._etag(item.ref) == item.etag:
            return Unchanged(item.etag)
        return self._here(item.ref) or self._elsewhere().fetch(item.ref)

    def _etag(self, ref: ImageRef) -> str:
        if kind_of(ref.uri) == LOCAL:
            # One call of the system: to open a file below the roots costs as much as to read a small one.
            times = self._storage.look(ref.uri)
            return times.etag if times is not None else ""
        from lookalike.reading.archives.local import member_etag

        return member_etag(self._storage, ref)

    def _here(self, ref: ImageRef) -> Fetched | None:
        """The bytes of a file, or of a member of an archive unless that has changed since it was listed."""
        if kind_of(ref.uri) == LOCAL:
            return fetched(self._storage, ref.uri)
        from lookalike.reading.archives.local import fetched_member

        return fetched_member(self._storage, ref)

    def _is_here(self, ref: ImageRef) -> bool:
        """Whether the disk gives the bytes at once."""
        kind = kind_of(ref.uri)
        if kind != ARCHIVE or ref.span is None:
            return kind == LOCAL
        from lookalike.reading.archives.local import is_local_member

        return is_local_member(ref)

    def _elsewhere(self) -> "Remote":
        with self._lock:
            if self._remote is None or self._process != os.getpid():
                # asyncio is slow to import, and local files do not need it.
                from lookalike.reading.remote import Remote

                self._process = os.getpid()
                self._remote = Remote(self._settings, self._storage)
                atexit.register(self.close)
            return self._remote

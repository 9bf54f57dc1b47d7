"""The one front for all places: it reads any uri for code that is not asynchronous."""

import atexit
import os
import threading
from typing import TYPE_CHECKING

from lookalike.reading.contract import Fetched, State
from lookalike.reading.local import fetched, state
from lookalike.reading.places import LOCAL, Places, kind_of
from lookalike.records import FileTimes, ImageRef, Span
from lookalike.storage import Storage

if TYPE_CHECKING:
    from lookalike.reading.background import BackgroundLoop
    from lookalike.settings import Settings


class Reader:
    """Reads local files in the calling thread, and everything else in one event loop of this process, which begins with
    the first such uri. Safe to share between threads, and to use after a fork.

    Every method raises ImageRejected, HostUnavailable, SourceUnavailable or MachineExhausted.
    """

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._storage = Storage(roots=settings.folders, max_bytes=settings.max_image_bytes)
        self._lock = threading.Lock()
        self._places: Places | None = None
        self._loop: BackgroundLoop | None = None
        self._process = 0

    def read(self, uri: str) -> bytes:
        """The bytes of an image."""
        return self._storage.read(uri) if kind_of(uri) == LOCAL else self._fetch(uri, None).data

    def fetch(self, ref: ImageRef) -> Fetched:
        """The bytes of an image with their etag."""
        return fetched(self._storage, ref.uri) if kind_of(ref.uri) == LOCAL else self._fetch(ref.uri, ref.span)

    def state(self, uri: str) -> State:
        """Etag and size, without the bytes."""
        if kind_of(uri) == LOCAL:
            return state(self._storage, uri)
        loop, places = self._remote()
        return loop.run(places.look(uri))

    def times(self, uri: str) -> FileTimes:
        """Size and times of a local file."""
        return self._storage.times(uri)

    def look(self, uri: str) -> FileTimes | None:
        """Size and times of a local file; None if there is none, or if the uri is no local file."""
        return self._storage.look(uri) if kind_of(uri) == LOCAL else None

    def close(self) -> None:
        """Close all connections. The reader can be used again."""
        with self._lock:
            loop, places = self._loop, self._places
            self._loop = self._places = None
        if loop and places and self._process == os.getpid():
            loop.close(places.close())

    def _fetch(self, uri: str, span: Span | None) -> Fetched:
        loop, places = self._remote()
        return loop.run(places.fetch(uri, span))

    def _remote(self) -> tuple["BackgroundLoop", Places]:
        with self._lock:
            if self._loop is None or self._places is None or self._process != os.getpid():
                # asyncio is slow to import, and local files do not need it.
                from lookalike.reading.background import BackgroundLoop

                self._process = os.getpid()
                self._loop = BackgroundLoop()
                self._places = Places(self._settings, self._storage)
                atexit.register(self.close)
            return self._loop, self._places

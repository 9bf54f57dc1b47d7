"""Objects of stores and web hosts as files to read from: tables, lists, archives, which may be larger than memory."""

import io
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from lookalike.errors import HostUnavailable, ImageRejected, SourceUnavailable
from lookalike.reading.background import BackgroundLoop
from lookalike.reading.contract import Fetched, NoParts, Place
from lookalike.reading.places import STORE, WEB, kind_of
from lookalike.records import Reason, Span
from lookalike.uris import scheme_of

Answer = TypeVar("Answer")

#: One request; two of them are in memory.
BLOCK_BYTES = 4 * 2**20
#: A web address that says no length, or whose host gives no parts, is read at once, if it has no more bytes than this.
MOST_AT_ONCE = 64 * 2**20
#: A place that is away is asked again for so long: a table is read as long as its job lasts.
PATIENCE_S = 300.0


def open_remote(uri: str, block_bytes: int = BLOCK_BYTES) -> io.BufferedReader:
    """An object, or what lies at a web address, as a file: from its start or from anywhere, with the next block on its
    way, in bounded memory.

    Close it. Raises ImageRejected, with the reason, if it cannot be read; while it is read also if it changes
    (`changed`), and SourceUnavailable if its place is away for long.
    """
    return io.BufferedReader(RemoteFile(_place(uri, block_bytes), uri, block_bytes), min(block_bytes, 2**16))


class RemoteFile(io.RawIOBase):
    """Reads by spans, each of which must belong to the same content as the first one."""

    def __init__(self, place: Place, uri: str, block_bytes: int) -> None:
        self._place = place
        self._uri = uri
        self._block_bytes = block_bytes
        self._loop = BackgroundLoop()
        self._at = 0
        self._start, self._block = 0, b""
        self._next: tuple[int, Future[Fetched]] | None = None
        self.etag, self.size_bytes = "", 0
        try:
            state = self._patiently(lambda: place.look(uri))
            self.etag, self.size_bytes = state.etag, state.size_bytes or 0
            if state.size_bytes is None:
                self._hold_all("its host says no length")
                self.size_bytes = len(self._block)
        except BaseException:
            self.close()
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("a position before the start")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self.size_bytes:
            return 0
        inner = self._at - self._start
        if not 0 <= inner < len(self._block):
            self._load()
            inner = self._at - self._start
        piece = memoryview(self._block)[inner : inner + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._block = b""
            self._loop.close(self._place.close())
        super().close()

    def _load(self) -> None:
        """Hold the block that begins at the position, and ask for the one behind it."""
        self._block = b""
        ahead, self._next = self._next, None
        start = self._at
        try:
            fetched = self._fetched(start, ahead)
        except NoParts:
            self._hold_all("its host gives no parts of it (Range)")
            return
        if fetched.etag != self.etag or len(fetched.data) != min(self._block_bytes, self.size_bytes - start):
            raise ImageRejected(Reason.CHANGED, "it changed while it was read")
        self._start, self._block = start, fetched.data
        following = start + len(fetched.data)
        if following < self.size_bytes:
            self._next = (following, self._loop.start(self._part(following)))

    def _fetched(self, start: int, ahead: tuple[int, Future[Fetched]] | None) -> Fetched:
        try:
            is_here = ahead is not None and ahead[0] == start
            return ahead[1].result() if ahead is not None and is_here else self._loop.run(self._part(start))
        except (HostUnavailable, SourceUnavailable):
            return self._patiently(lambda: self._part(start))

    def _hold_all(self, why: str) -> None:
        """Hold the whole, because it cannot be read in parts. Raises ImageRejected if it is too large for that."""
        if self.size_bytes <= MOST_AT_ONCE:
            fetched = self._patiently(lambda: self._place.fetch(self._uri, Span(0, MOST_AT_ONCE + 1)))
            if self.size_bytes and (fetched.etag != self.etag or len(fetched.data) != self.size_bytes):
                raise ImageRejected(Reason.CHANGED, "it changed while it was read")
            self._start, self._block = 0, fetched.data
        if max(self.size_bytes, len(self._block)) > MOST_AT_ONCE:
            what = f"{why}, and it has more than {MOST_AT_ONCE} bytes; download it first"
            raise ImageRejected(Reason.TOO_LARGE, what)

    def _part(self, start: int) -> Coroutine[Any, Any, Fetched]:
        length = min(self._block_bytes, self.size_bytes - start)
        return self._place.fetch(self._uri, Span(start, length))

    def _patiently(self, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        from lookalike.retry import retry_while

        def once() -> Answer:
            try:
                return self._loop.run(ask())
            except HostUnavailable as error:
                raise SourceUnavailable(self._uri, error.why) from error

        return retry_while(once, SourceUnavailable, PATIENCE_S)


def _place(uri: str, block_bytes: int) -> Place:
    """The user has named the uri, so roots and robots.txt, which are for what workers find, do not matter here. Where
    it redirects to, does."""
    kind = kind_of(uri)
    if kind == STORE:
        from lookalike.reading.stores.place import StorePlace

        return StorePlace(block_bytes)
    if kind == WEB:
        from lookalike.reading.web import WebOptions, WebPlace
        from lookalike.roots import PUBLIC, Roots, named_prefixes

        roots = Roots.parse((*PUBLIC, *named_prefixes([uri])))
        return WebPlace(WebOptions(roots, max(block_bytes, MOST_AT_ONCE + 1), respects_robots=False))
    raise ImageRejected(Reason.UNSUPPORTED, f"{scheme_of(uri)}:// cannot be read as a file")

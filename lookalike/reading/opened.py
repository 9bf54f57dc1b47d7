"""Objects of stores and web hosts as files to read from: tables, lists, archives, which may be larger than memory."""

import io
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from lookalike.errors import DiskFull, HostUnavailable, ImageRejected, SourceUnavailable
from lookalike.reading.background import BackgroundLoop
from lookalike.reading.contract import Fetched, Place, State
from lookalike.reading.copied import CopiedFile
from lookalike.reading.hosts import host_of
from lookalike.reading.places import STORE, WEB, kind_of
from lookalike.reading.positioned import PositionedFile
from lookalike.records import Reason, Span
from lookalike.uris import scheme_of

if TYPE_CHECKING:
    from lookalike.reading.web import WebPlace

Answer = TypeVar("Answer")

#: One request.
BLOCK_BYTES = 2 * 2**20
#: Blocks in memory: the columns of a Parquet file are read side by side.
HELD_BLOCKS = 16
#: Blocks that are on their way.
MOST_AHEAD = 4
#: What lies on a host that gives no parts is copied to the disk, at most so much: by whoever reads it once.
MOST_COPIED = 4 * 2**30
#: The same, by whoever finds what each worker copies again.
MOST_AT_ONCE = 64 * 2**20
#: A place that is away is asked again for so long: a table is read as long as its job lasts.
PATIENCE_S = 300.0
#: For further objects of a host or bucket that was given up: of a hundred archives there, one waits, and not each.
SHORT_PATIENCE_S = 5.0

#: When this process has given up a host or bucket, until it answers again.
_given_up: dict[str, float] = {}


def open_remote(
    uri: str, block_bytes: int | None = None, most_copied: int | None = None, *, unpacks: bool = True
) -> io.BufferedReader:
    """An object, or what lies at a web address, as a file: from its start or from anywhere, in bounded memory.

    It is read in parts, with the next one on its way. What lies on a web host that gives no parts, or says no length,
    is copied to a temporary file first, at most `most_copied` bytes: then `raw` is a CopiedFile. With
    `unpacks`, one that the host packs for the way is unpacked.

    Close it. Raises ImageRejected, with the reason, if it cannot be read; while it is read also if it changes
    (`changed`), and SourceUnavailable if its place is away for long. Raises DiskFull.
    """
    block_bytes = block_bytes or BLOCK_BYTES
    raw: RemoteFile | CopiedFile
    if kind_of(uri) == WEB:
        raw = _on_web(uri, block_bytes, most_copied or MOST_COPIED, unpacks=unpacks)
    else:
        source = _Source(_store(uri, block_bytes), uri)
        raw = RemoteFile(source, source.looked(lambda place: place.look(uri)), block_bytes)
    return io.BufferedReader(raw, min(block_bytes, 2**16))


def _store(uri: str, block_bytes: int) -> Place:
    if kind_of(uri) != STORE:
        raise ImageRejected(Reason.UNSUPPORTED, f"{scheme_of(uri)}:// cannot be read as a file")
    from lookalike.reading.stores.place import StorePlace

    return StorePlace(block_bytes)


def _on_web(uri: str, block_bytes: int, most_copied: int, *, unpacks: bool) -> "RemoteFile | CopiedFile":
    """The user has named the uri, so roots and robots.txt, which are for what workers find, do not matter here. Where
    it redirects to, does."""
    from lookalike.reading.web import WebOptions, WebPlace
    from lookalike.roots import PUBLIC, Roots, named_prefixes

    roots = Roots.parse((*PUBLIC, *named_prefixes([uri])))
    place = WebPlace(WebOptions(roots, block_bytes, respects_robots=False))
    source = _Source(place, uri)
    state = source.looked(lambda _: place.look_at_parts(uri))
    if state is not None:
        return RemoteFile(source, state, block_bytes)
    try:
        return _copied(place, source, most_copied, unpacks=unpacks)
    finally:
        source.close()


def _copied(place: "WebPlace", source: "_Source", most: int, *, unpacks: bool) -> CopiedFile:
    file = tempfile.TemporaryFile("w+b")  # noqa: SIM115

    async def copied() -> State:
        file.seek(0)
        file.truncate()
        return await place.copy(source.uri, file.write, most, unpacks=unpacks)

    try:
        state = source.patiently(copied)
        file.flush()
    except OSError as error:
        file.close()
        raise DiskFull(
            f"Cannot copy {source.uri} to a temporary file: {error.strerror}.",
            "Free some space, or set TMPDIR to a larger disk.",
        ) from error
    except BaseException:
        file.close()
        raise
    return CopiedFile(file, state.etag)


class _Source:
    """What lies at a uri, asked for from code that is not asynchronous."""

    def __init__(self, place: Place, uri: str) -> None:
        self.uri = uri
        self._place = place
        self._loop = BackgroundLoop()

    def looked(self, ask: Callable[[Place], Coroutine[Any, Any, Answer]]) -> Answer:
        """As `patiently`, and closed if it fails."""
        try:
            return self.patiently(lambda: ask(self._place))
        except BaseException:
            self.close()
            raise

    def start(self, span: Span) -> Future[Fetched]:
        return self._loop.start(self.part(span))

    def part(self, span: Span) -> Coroutine[Any, Any, Fetched]:
        return self._place.fetch(self.uri, span)

    def patiently(self, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Ask again while the place is away, not before the time that it asks to wait. Raises SourceUnavailable."""
        from lookalike.retry import retry_while

        limit_s = self._limit_s()
        until = time.monotonic() + limit_s

        def once() -> Answer:
            try:
                return self._loop.run(ask())
            except HostUnavailable as error:
                # The retry itself waits for a second or so.
                time.sleep(max(0.0, min((error.retry_after_s or 0.0) - 1.0, until - time.monotonic())))
                raise SourceUnavailable(self.uri, error.why) from error

        try:
            answer = retry_while(once, SourceUnavailable, limit_s)
        except SourceUnavailable:
            _given_up[host_of(self.uri)] = time.monotonic()
            raise
        _given_up.pop(host_of(self.uri), None)
        return answer

    def _limit_s(self) -> float:
        given_up_at = _given_up.get(host_of(self.uri))
        is_recent = given_up_at is not None and time.monotonic() - given_up_at < PATIENCE_S
        return min(SHORT_PATIENCE_S, PATIENCE_S) if is_recent else PATIENCE_S

    def close(self) -> None:
        self._loop.close(self._place.close())


class RemoteFile(PositionedFile):
    """Reads by blocks, each of which must belong to the same content (`state`) as the first one."""

    def __init__(self, source: _Source, state: State, block_bytes: int) -> None:
        if state.size_bytes is None:
            source.close()
            raise ImageRejected(Reason.UNREADABLE, "its place says no length")
        self.etag = state.etag
        super().__init__(state.size_bytes)
        self._source = source
        self._block_bytes = block_bytes
        self._held: OrderedDict[int, bytes] = OrderedDict()
        self._ahead: dict[int, Future[Fetched]] = {}

    def readinto(self, buffer: Any) -> int:
        if self._at >= self.size_bytes:
            return 0
        number, inner = divmod(self._at, self._block_bytes)
        piece = memoryview(self._block(number))[inner : inner + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._held.clear()
            self._ahead.clear()
            self._source.close()
        super().close()

    def _block(self, number: int) -> bytes:
        """A block, which is held for a while; if it follows another one, the one behind it is asked for."""
        if number in self._held:
            self._held.move_to_end(number)
        else:
            self._hold(number, self._fetched(number))
        block = self._held[number]
        self._look_ahead(number)
        return block

    def _hold(self, number: int, fetched: Fetched) -> None:
        if fetched.etag != self.etag or len(fetched.data) != self._span(number).length:
            raise ImageRejected(Reason.CHANGED, "it changed while it was read")
        while len(self._held) >= HELD_BLOCKS:
            self._held.popitem(last=False)
        self._held[number] = fetched.data

    def _look_ahead(self, number: int) -> None:
        following = number + 1
        is_there = (
            following in self._held or following in self._ahead or following * self._block_bytes >= self.size_bytes
        )
        if not is_there and number - 1 in self._held and len(self._ahead) < MOST_AHEAD:
            self._ahead[following] = self._source.start(self._span(following))
        # What came before it was asked for makes room for others.
        if len(self._ahead) == MOST_AHEAD and (oldest := next(iter(self._ahead))) != following:
            self._take(oldest)

    def _take(self, number: int) -> None:
        if self._ahead[number].done():
            asked = self._ahead.pop(number)
            if asked.exception() is None:
                self._hold(number, asked.result())

    def _fetched(self, number: int) -> Fetched:
        asked = self._ahead.pop(number, None) or self._source.start(self._span(number))
        try:
            return asked.result()
        except (HostUnavailable, SourceUnavailable):
            return self._source.patiently(lambda: self._source.part(self._span(number)))

    def _span(self, number: int) -> Span:
        start = number * self._block_bytes
        return Span(start, min(self._block_bytes, self.size_bytes - start))

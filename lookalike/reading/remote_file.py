"""An object of a store or a web host as a file that is read in parts."""

from collections import OrderedDict
from concurrent.futures import Future
from typing import Any

from lookalike.errors import HostUnavailable, ImageRejected, SourceUnavailable
from lookalike.reading.contract import Fetched, State
from lookalike.reading.patient import PatientSource
from lookalike.reading.positioned import PositionedFile
from lookalike.records import Reason, Span

#: Blocks in memory: the columns of a Parquet file are read side by side.
HELD_BLOCKS = 16
#: Blocks that are on their way.
MOST_AHEAD = 4


class RemoteFile(PositionedFile):
    """Reads by blocks, each of which must belong to the same content (`state`) as the first one."""

    def __init__(self, source: PatientSource, state: State, block_bytes: int) -> None:
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

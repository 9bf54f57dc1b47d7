"""The index as a chunk sees it: one that is away for a moment is waited for in place."""

from collections.abc import Mapping, Sequence

from lookalike.errors import IndexUnavailable
from lookalike.pipeline import ChunkIndex
from lookalike.records import Document, Rejected, Stored
from lookalike.retry import retry_while


class RetryingIndex:
    """A shelf that insists for `patience_s` before it raises IndexUnavailable; what `write` waits by itself counts.

    Whoever gives a chunk back at once takes the next one, and so tries the whole queue in vain: each of its chunks then
    waits longer than the index was away, and takes cores from whatever comes up again.
    """

    def __init__(self, index: ChunkIndex, patience_s: float) -> None:
        self._index = index
        self._patience_s = patience_s

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]:
        return retry_while(lambda: self._index.stored(ids), IndexUnavailable, self._patience_s)

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        return retry_while(lambda: self._index.write(documents), IndexUnavailable, self._patience_s)

"""Wraps an index so that calls wait while it is unavailable for a moment."""

from collections.abc import Mapping, Sequence

from lookalike.errors import IndexUnavailable
from lookalike.index.annotation import Annotated, Annotation
from lookalike.metadata import Fields
from lookalike.pipeline import ChunkIndex
from lookalike.records import Document, Rejected, Stored
from lookalike.retry import retry_while


class RetryingIndex:
    """Retries for `retry_s` before it raises IndexUnavailable; the time that `write` retries by itself counts.

    A worker that returned its chunk at once would take the next one, and so try the whole queue in vain: each chunk
    would then wait longer than the index was unavailable.
    """

    def __init__(self, index: ChunkIndex, retry_s: float) -> None:
        self._index = index
        self._retry_s = retry_s

    def fields(self) -> Fields:
        return retry_while(self._index.fields, IndexUnavailable, self._retry_s)

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]:
        return retry_while(lambda: self._index.stored(ids), IndexUnavailable, self._retry_s)

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        return retry_while(lambda: self._index.write(documents), IndexUnavailable, self._retry_s)

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        return retry_while(lambda: self._index.annotate(annotations), IndexUnavailable, self._retry_s)

    def discard(self, documents: Mapping[str, Stored]) -> None:
        retry_while(lambda: self._index.discard(documents), IndexUnavailable, self._retry_s)

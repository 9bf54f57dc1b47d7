"""Cuts references into chunks, and puts together what a quick source gives."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, filterfalse, islice

from lookalike.errors import SourceUnavailable
from lookalike.records import Chunk, ImageRef
from lookalike_producer.refused import RefusedReference

#: Chunks are recorded and sent together until they have this many references: a round trip to Redis takes longer than
#: what it does with a chunk of 64.
TOGETHER_REFS = 1024
#: A source that gives less than this many references in this time is slow: its chunks do not wait for each other.
TOGETHER_S = 0.05


def cut(references: Iterable[ImageRef], job_id: str, size: int) -> Iterator[Chunk]:
    """Chunks of at most `size` references, numbered in order; refused references have chunks of their own."""
    for number, refs in enumerate(_batches(references, size)):
        yield Chunk(id=f"{job_id}/{number:06d}", job=job_id, refs=refs)


def _batches(references: Iterable[ImageRef], size: int) -> Iterator[tuple[ImageRef, ...]]:
    """A bad row between good ones does not cut their batch short, and a source that breaks off loses none."""
    fit: list[ImageRef] = []
    refused: list[ImageRef] = []
    away: SourceUnavailable | None = None
    try:
        for ref in references:
            some = refused if isinstance(ref, RefusedReference) else fit
            some.append(ref)
            if len(some) == size:
                yield tuple(some)
                some.clear()
    except SourceUnavailable as error:
        away = error
    yield from (tuple(some) for some in (fit, refused) if some)
    if away is not None:
        raise away


def together(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Chunks that a source gives one right after the other; each alone if it takes its time.

    The last ones are of the same size. What was found before an error is given before the error. If a quick source
    stops in between, up to TOGETHER_REFS references wait with it.
    """
    some: list[Chunk] = []
    count, began = 0, time.monotonic()
    try:
        for chunk in chunks:
            some.append(chunk)
            count += len(chunk.refs)
            if count >= TOGETHER_REFS or time.monotonic() - began >= TOGETHER_S:
                yield some
                some, count, began = [], 0, time.monotonic()
    except Exception:
        if some:
            yield some
        raise
    if some:
        yield _evened(some)


def is_refused(chunk: Chunk) -> bool:
    """Whether it has only references that no worker sees."""
    return isinstance(chunk.refs[0], RefusedReference)


def _evened(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The last chunks of a source, of the same size but for one reference: 50 and 50 in place of 64 and 36, so that no
    worker goes on alone."""
    fit = list(filterfalse(is_refused, chunks))
    refs = list(chain.from_iterable(chunk.refs for chunk in fit))
    size, more = divmod(len(refs), max(1, len(fit)))
    left, sizes = iter(refs), iter([size + (number < more) for number in range(len(fit))])
    return [chunk if is_refused(chunk) else replace(chunk, refs=tuple(islice(left, next(sizes)))) for chunk in chunks]

"""Cuts references into chunks, and puts together what a quick source gives."""

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, filterfalse, islice

from lookalike.errors import SourceUnavailable
from lookalike.records import Chunk, ImageRef
from lookalike_producer.refused import RefusedReference

#: Chunks are recorded and sent together until they have this many references: a round trip to Redis takes longer than
#: what it does with a chunk of 64.
TOGETHER_REFS = 1024
#: A source that gives less than this many references in this time is slow: its chunks do not wait for each other.
TOGETHER_S = 0.05
#: The last references are cut into more chunks, for further processes, if each gets so many: a chunk costs as much as
#: five small images.
LEAST_REFS = 10


def cut(references: Iterable[ImageRef], job_id: str, size: int) -> Iterator[Chunk]:
    """Chunks of at most `size` references, numbered in order; refused references have chunks of their own."""
    for number, refs in enumerate(_batches(references, size)):
        yield Chunk(_id(job_id, number), job_id, refs)


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


def together(chunks: Iterable[Chunk], processes: int = 1) -> Iterator[list[Chunk]]:
    """Chunks that a source gives one right after the other; each alone if it takes its time.

    The last ones are of the same size, and enough for so many processes of a worker if there are enough references.
    What was found before an error is given before the error. If a quick source stops in between, up to TOGETHER_REFS
    references wait with it.
    """
    some: list[Chunk] = []
    refs, began = 0, time.monotonic()
    try:
        for chunk in chunks:
            some.append(chunk)
            refs += len(chunk.refs)
            if refs >= TOGETHER_REFS or time.monotonic() - began >= TOGETHER_S:
                yield some
                some, refs, began = [], 0, time.monotonic()
    except Exception:
        if some:
            yield some
        raise
    if some:
        yield _evened(some, processes)


def is_refused(chunk: Chunk) -> bool:
    """Whether it has only references that no worker sees."""
    return isinstance(chunk.refs[0], RefusedReference)


def evenly(refs: Sequence[ImageRef], most: int, least_parts: int = 0) -> list[tuple[ImageRef, ...]]:
    """Parts of the same size but for one reference, of at most `most`: 50 and 50 in place of 64 and 36, so that no
    worker goes on alone."""
    parts = max(-(-len(refs) // most), min(least_parts, len(refs) // LEAST_REFS))
    size, more = divmod(len(refs), max(1, parts))
    left = iter(refs)
    return [tuple(islice(left, size + (number < more))) for number in range(parts)]


def _evened(chunks: Sequence[Chunk], processes: int) -> list[Chunk]:
    """The last chunks of a source, of the same size, and enough of them for the processes of a worker."""
    fit, refused = list(filterfalse(is_refused, chunks)), list(filter(is_refused, chunks))
    refs = list(chain.from_iterable(chunk.refs for chunk in fit))
    parts = evenly(refs, max((len(chunk.refs) for chunk in fit), default=1), processes)
    ids = chain((chunk.id for chunk in fit), _ids_after(chunks[-1]))
    return [*(Chunk(id, chunks[0].job, part) for id, part in zip(ids, parts, strict=False)), *refused]


def _ids_after(chunk: Chunk) -> Iterator[str]:
    return (_id(chunk.job, number) for number in count(int(chunk.id.rpartition("/")[2]) + 1))


def _id(job_id: str, number: int) -> str:
    return f"{job_id}/{number:06d}"

"""The pictures that are measured: the same ones whenever the same sources are asked; embeds and writes nothing."""

import heapq
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from lookalike import factories
from lookalike.errors import ImageRejected, SourceMissing
from lookalike.records import ImageRef
from lookalike.settings import Settings


@dataclass(frozen=True)
class Sample:
    """Pictures that can be read and decoded, and how large they are in the middle.

    `first_read_s` is what the first reading of one took, which a cache of the system had perhaps not made quick.
    """

    references: tuple[ImageRef, ...]
    rejected: int
    first_read_s: float
    size_bytes: int
    megapixels: float


def draw(references: Iterable[ImageRef], count: int) -> list[ImageRef]:
    """`count` of the references, by the hash that is their id: neither their order nor where they lie matters.

    The sources are walked to their end; memory grows with `count` alone.
    """
    chosen = heapq.nsmallest(count, references, key=lambda reference: reference.id)
    return list({reference.id: reference for reference in chosen}.values())


def examine(settings: Settings, references: Sequence[ImageRef], *, size: int) -> Sample:
    """Read and decode each once, to `size` pixels a side. Raises SourceMissing where none is a picture."""
    storage = factories.storage(settings)
    kept: list[ImageRef] = []
    reads: list[float] = []
    sizes: list[int] = []
    megapixels: list[float] = []
    reasons: Counter[str] = Counter()
    for reference in references:
        try:
            began = time.perf_counter()
            data = storage.read(reference.uri)
            read_s = time.perf_counter() - began
            picture = factories.decode(settings, data, size=size)
        except ImageRejected as error:
            reasons[error.reason.value] += 1
            continue
        kept.append(reference)
        reads.append(read_s)
        sizes.append(len(data))
        megapixels.append(picture.width * picture.height / 1e6)
    if not kept:
        raise SourceMissing("There is no picture to measure with.", _why(reasons))
    return Sample(tuple(kept), reasons.total(), sum(reads) / len(reads), round(median(sizes)), median(megapixels))


def even(count: int, *, processes: int, chunk_size: int) -> tuple[int, int]:
    """How many pictures to take of `count`, and how many to put in a chunk, so that every process gets as many as the
    others: one that is left with nothing to do near the end would make the whole look slow."""
    round_size = processes * chunk_size
    if count >= round_size:
        return count // round_size * round_size, chunk_size
    chunk_size = max(1, count // processes)
    return count // chunk_size * chunk_size, chunk_size


def _why(reasons: Counter[str]) -> str:
    if not reasons:
        return "The sources hold no file."
    return "All that was tried is rejected: " + ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())

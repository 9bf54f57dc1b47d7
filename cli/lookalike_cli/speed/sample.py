"""Chooses the images to measure with: the same ones for the same sources."""

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
    """Valid images, with their median sizes.

    `first_read_s` is the mean time of the first read, which the system's cache may not have served.
    """

    references: tuple[ImageRef, ...]
    rejected: int
    first_read_s: float
    size_bytes: int
    megapixels: float


def draw(references: Iterable[ImageRef], count: int) -> list[ImageRef]:
    """Choose `count` references by their id, a hash: their order does not matter.

    Walks all sources; memory grows with `count` only.
    """
    chosen = heapq.nsmallest(count, references, key=lambda reference: reference.id)
    return list({reference.id: reference for reference in chosen}.values())


def examine(settings: Settings, references: Sequence[ImageRef], *, size: int) -> Sample:
    """Read and decode each image once, to `size` pixels a side. Raises SourceMissing if none is valid."""
    reader = factories.reader(settings)
    valid: list[ImageRef] = []
    reads: list[float] = []
    sizes: list[int] = []
    megapixels: list[float] = []
    reasons: Counter[str] = Counter()
    for reference in references:
        try:
            began = time.perf_counter()
            data = reader.read(reference.uri)
            read_s = time.perf_counter() - began
            image = factories.decode(settings, data, size=size)
        except ImageRejected as error:
            reasons[error.reason.value] += 1
            continue
        valid.append(reference)
        reads.append(read_s)
        sizes.append(len(data))
        megapixels.append(image.width * image.height / 1e6)
    if not valid:
        raise SourceMissing("No image to measure with.", _why(reasons))
    return Sample(tuple(valid), reasons.total(), sum(reads) / len(reads), round(median(sizes)), median(megapixels))


def even(count: int, *, processes: int, chunk_size: int) -> tuple[int, int]:
    """Return how many of `count` images to use and the chunk size, so that every process gets the same number:
    an idle process near the end would make the rate look lower."""
    round_size = processes * chunk_size
    if count >= round_size:
        return count // round_size * round_size, chunk_size
    chunk_size = max(1, count // processes)
    return count // chunk_size * chunk_size, chunk_size


def _why(reasons: Counter[str]) -> str:
    if not reasons:
        return "The sources contain no files."
    return "All files were rejected: " + ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())

"""Whole batches: what the runtimes run that compile a graph for fixed shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.records import ModelIdentity, Pixels, Vectors


@dataclass(frozen=True, eq=False)
class Batch:
    """`pixels`: uint8 [batch_size, size, size, 3], of which the first `count` images are asked for.

    Or images at their own sizes: then `sizes`, int32 [batch_size, 2], has height and width of each, and `pixels`, uint8
    [batch_size * canvas * canvas * 3], their pixels one after the other.
    """

    pixels: NDArray[np.uint8]
    count: int
    sizes: NDArray[np.int32] | None = None


class BatchModel(Protocol):
    """A model that runs one or several batches of `batch_size` images in one call.

    `together`: numbers of batches that one call may have, ascending; the first is 1. `canvases`: sides, ascending, of
    the largest images that it resizes itself; empty if it does not. Memory of the batches must not change between
    `begin` and the end of `finish`; batches of one call are of one shape.
    """

    identity: ModelIdentity
    size: int
    precision: str
    batch_size: int
    together: tuple[int, ...]
    canvases: tuple[int, ...]

    def begin(self, batches: Sequence[Batch]) -> Any: ...

    def finish(self, begun: Any) -> Vectors: ...


def embed(model: BatchModel, pixels: Pixels) -> Vectors:
    """The vectors of any number of images; the last batch is padded, because another shape would be compiled again."""
    starts = range(0, len(pixels), model.batch_size)
    # All are begun before the first is waited for.
    parts = [pixels[start : start + model.batch_size] for start in starts]
    begun = [model.begin([Batch(whole(part, model.batch_size), len(part))]) for part in parts]
    vectors = [model.finish(part) for part in begun]
    return np.concatenate(vectors)[: len(pixels)] if vectors else np.empty((0, model.identity.dimension), np.float32)


def whole(part: Pixels, batch_size: int) -> Pixels:
    """A whole batch; only one that is not gets copied."""
    missing = batch_size - len(part)
    return np.concatenate([part, np.zeros((missing, *part.shape[1:]), np.uint8)]) if missing else part

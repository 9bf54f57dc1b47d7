"""Whole batches: what the runtimes run that compile a graph for fixed shapes."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from lookalike.records import ModelIdentity, Pixels, Vectors


class BatchModel(Protocol):
    """A model that runs one or several batches of `batch_size` images in one call.

    `together`: numbers of batches that one call may have, ascending; the first is 1. Memory of the batches must not
    change between `begin` and the end of `finish`.
    """

    identity: ModelIdentity
    size: int
    precision: str
    batch_size: int
    together: tuple[int, ...]

    def begin(self, batches: Sequence[Pixels]) -> Any: ...

    def finish(self, begun: Any) -> Vectors: ...


def embed(model: BatchModel, pixels: Pixels) -> Vectors:
    """The vectors of any number of images; the last batch is padded, because another shape would be compiled again."""
    starts = range(0, len(pixels), model.batch_size)
    # All are begun before the first is waited for.
    begun = [model.begin([whole(pixels[start : start + model.batch_size], model.batch_size)]) for start in starts]
    parts = [model.finish(part) for part in begun]
    return np.concatenate(parts)[: len(pixels)] if parts else np.empty((0, model.identity.dimension), np.float32)


def whole(part: Pixels, batch_size: int) -> Pixels:
    """A whole batch; only one that is not gets copied."""
    missing = batch_size - len(part)
    return np.concatenate([part, np.zeros((missing, *part.shape[1:]), np.uint8)]) if missing else part

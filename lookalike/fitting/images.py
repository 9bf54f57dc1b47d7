"""Turns images into features, one batch at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lookalike.batches import batched
from lookalike.errors import ImageRejected, SourceMissing
from lookalike.images import DecodedImage
from lookalike.records import ImageRef, Pixels, Rejected, Vectors

#: Images decoded at a time: more take memory and save nothing.
BATCH_SIZE = 32


@dataclass(frozen=True, eq=False)
class Gathered:
    """Pooled features, float32 [N, C] of unit length, each with its label or None; and what could not be used."""

    features: Vectors
    labels: tuple[str | None, ...]
    rejected: tuple[Rejected, ...]


def gather(
    references: Sequence[ImageRef],
    *,
    read: Callable[[str], bytes],
    decode: Callable[[bytes], DecodedImage],
    embed: Callable[[Pixels], Vectors],
    advance: Callable[[int], None] = lambda done: None,
) -> Gathered:
    """Read, decode and embed every image; `advance` gets the number of images done. Memory: one vector per image.

    Raises SourceMissing where no image can be used, and what reading raises when the source is away.
    """
    vectors: list[Vectors] = []
    labels: list[str | None] = []
    rejected: list[Rejected] = []
    for batch in batched(references, BATCH_SIZE):
        pixels = []
        for ref in batch:
            try:
                pixels.append(decode(read(ref.uri)).pixels)
                labels.append(ref.label)
            except ImageRejected as error:
                rejected.append(Rejected(ref.uri, error.reason, error.detail))
        if pixels:
            vectors.append(embed(np.stack(pixels)))
        advance(len(batch))
    if not vectors:
        why = f": the first of {len(rejected):,} is rejected as {rejected[0].reason}" if rejected else ""
        raise SourceMissing(f"There is no image to fit a model to{why}.", "Give a folder with images in it.")
    return Gathered(np.concatenate(vectors), tuple(labels), tuple(rejected))

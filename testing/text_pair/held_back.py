"""Whether captions find drawings that the pair was not trained with."""

from collections.abc import Iterable
from io import BytesIO
from typing import NamedTuple

import numpy as np

from lookalike import factories
from lookalike.embedding import Embedder, TextEncoder
from lookalike.records import Pixels, Vectors
from lookalike.samples import PAINTERS, Sample
from lookalike.settings import Settings
from testing.text_pair.captions import FORMS, caption, colour_of

#: None of the seeds of the training.
SEED = 2026
K = 10


class HeldBack(NamedTuple):
    """Drawings of the demo: their vectors, float32 [N, D], and of each its colour and its class."""

    vectors: Vectors
    shown: list[tuple[str, str]]

    def misses(self, encode: TextEncoder, form: int) -> tuple[list[tuple[str, str]], int]:
        """Colours and classes whose caption finds no such drawing among the first K, and the number of all."""
        wanted = sorted(set(self.shown))
        texts = encode([caption(colour, label, form) for colour, label in wanted])
        nearest = np.argsort(-(texts @ self.vectors.T), axis=1)[:, :K]
        found = [{self.shown[place] for place in places} for places in nearest]
        return [each for each, there in zip(wanted, found, strict=True) if each not in there], len(wanted)


class Decoded(NamedTuple):
    """Drawings of the demo: uint8 [N, size, size, 3], and of each its colour and its class."""

    pixels: Pixels
    shown: list[tuple[str, str]]

    def seen_by(self, embed: Embedder) -> HeldBack:
        return HeldBack(embed(self.pixels), self.shown)


def decoded(
    settings: Settings, size: int, per_class: int, labels: Iterable[str] = tuple(PAINTERS), seed: int = SEED
) -> Decoded:
    """Drawn in their full size, and decoded as any image is."""
    samples = [Sample(label, number, seed) for label in labels for number in range(per_class)]
    images = (factories.decode(settings, _encoded(sample), size=size) for sample in samples)
    pixels = np.stack([image.pixels for image in images])
    shown = [(colour_of(image), sample.label) for image, sample in zip(pixels, samples, strict=True)]
    return Decoded(pixels, shown)


def hits(drawings: HeldBack, encode: TextEncoder) -> dict[str, float]:
    """hit@K for each form of caption."""
    shares = {}
    for form, words in enumerate(FORMS):
        missed, count = drawings.misses(encode, form)
        shares[words] = 1 - len(missed) / count
    return shares


def _encoded(sample: Sample) -> bytes:
    file = BytesIO()
    sample.drawn().save(file, "JPEG", quality=88)
    return file.getvalue()

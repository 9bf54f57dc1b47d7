"""Tries the text side of a model: whether the name of a class finds a drawn image of it."""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lookalike.embedding import TextEncoder
from lookalike.errors import BadQuery
from lookalike.records import Vectors

#: As encoders of images and texts were trained: with captions, not with names.
CAPTION = "a picture of {}"
#: As good as drawing lots among 16 classes, with some luck.
_FEW = 0.2


@dataclass(frozen=True)
class TriedTexts:
    """`found`: share of the classes whose name finds, first of all drawn images, one of the class. `ms`: time of one
    text on one thread."""

    found: float
    ms: float
    notes: tuple[str, ...]


def try_texts(encode: TextEncoder, vectors: Vectors, labels: Sequence[str]) -> TriedTexts:
    """`vectors`, float32 [N, D], are of drawn images of the classes `labels` [N]. Raises what `encode` raises but
    BadQuery: a tokenizer need not know every word."""
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    tried = list(_each(encode, units, labels))
    found = statistics.fmean(is_found for is_found, _ in tried)
    few = "Texts find what they say no more often than by chance: check the tokenizer, its length and its padding."
    return TriedTexts(found, statistics.median(ms for _, ms in tried), (few,) if found < _FEW else ())


def _each(encode: TextEncoder, units: Vectors, labels: Sequence[str]) -> Iterator[tuple[bool, float]]:
    """For each class, whether it is found, and the milliseconds."""
    for label in sorted(set(labels)):
        began = time.perf_counter()
        try:
            (text,) = encode([CAPTION.format(label.replace("-", " "))])
            is_found = labels[int(np.argmax(units @ text))] == label
        except BadQuery:
            is_found = False
        yield is_found, 1000 * (time.perf_counter() - began)

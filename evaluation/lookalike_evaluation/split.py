"""Stratified split of images into stored images and queries, by seed."""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Split:
    """Positions of images, ascending. Every class with queries also has stored images."""

    seed: int
    stored: tuple[int, ...]
    queries: tuple[int, ...]


def split(labels: Sequence[str], share: float, seed: int) -> Split:
    """Choose about `share` of each class as queries: at least one image, never all. A class of one is stored only.

    The choice within a class depends on the seed and on that class only: other classes do not change it.
    """
    positions: dict[str, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        positions[label].append(position)
    queries: list[int] = []
    for label, members in positions.items():
        random = np.random.default_rng([seed, zlib.crc32(label.encode())])
        queries += random.permutation(members)[: query_count(len(members), share)].tolist()
    chosen = set(queries)
    stored = tuple(position for position in range(len(labels)) if position not in chosen)
    return Split(seed, stored, tuple(sorted(queries)))


def query_count(images: int, share: float) -> int:
    """The number of queries from a class of `images` images."""
    return 0 if images < 2 else min(max(round(images * share), 1), images - 1)

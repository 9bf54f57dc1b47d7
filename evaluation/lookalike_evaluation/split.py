"""Which pictures are stored and which are asked for: a stratified split by seed, with no knowledge of vectors."""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Split:
    """Positions of pictures, ascending; every class that has queries has stored pictures."""

    seed: int
    stored: tuple[int, ...]
    queries: tuple[int, ...]


def split(labels: Sequence[str], share: float, seed: int) -> Split:
    """About `share` of every class is asked for, at least one picture and never all; a class of one is stored only.

    A function of the seed and of each class's own pictures, in order: another class more or less changes nothing.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        places[label].append(place)
    queries: list[int] = []
    for label, members in places.items():
        random = np.random.default_rng([seed, zlib.crc32(label.encode())])
        queries += random.permutation(members)[: query_count(len(members), share)].tolist()
    asked = set(queries)
    stored = tuple(place for place in range(len(labels)) if place not in asked)
    return Split(seed, stored, tuple(sorted(queries)))


def query_count(pictures: int, share: float) -> int:
    """How many of a class's pictures are asked for."""
    return 0 if pictures < 2 else min(max(round(pictures * share), 1), pictures - 1)

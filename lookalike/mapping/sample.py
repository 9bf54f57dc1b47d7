"""Chooses the images that are laid out together."""

import heapq
from collections.abc import Iterable

#: More take longer, in proportion, and show little more: the others are placed between them.
SAMPLE = 10_000


def sample_of(ids: Iterable[str], size: int) -> list[str]:
    """`size` of the ids, or all if there are fewer. An id is a hash of a uri, so that the first ones in their order are
    as good as drawn at random, and stay the same while other images come and go."""
    return heapq.nsmallest(size, ids)

"""Cuts what comes one by one into batches."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items, in their order; no more than one is held."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch

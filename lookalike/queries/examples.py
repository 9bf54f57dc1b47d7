"""The examples of a search: what the images that it finds shall be like, and what not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from lookalike.queries.region import Region


@dataclass(frozen=True)
class Upload:
    """An image by the bytes of its file, or a region of it. What has a negative weight is not wanted."""

    data: bytes
    weight: float = 1.0
    region: Region | None = None


@dataclass(frozen=True)
class Stored:
    """An image of the index, or a region of it. It is not among the matches of its search."""

    id: str
    weight: float = 1.0
    region: Region | None = None


Example: TypeAlias = Upload | Stored


def ids_of(examples: Iterable[Example]) -> frozenset[str]:
    """The stored ones."""
    return frozenset(example.id for example in examples if isinstance(example, Stored))

"""Describes an index for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lookalike.index import Index
from lookalike.records import ModelIdentity


@dataclass(frozen=True)
class IndexDescription:
    """An index: its version, its model, its number of images, and how it is built."""

    name: str
    """Name of the index."""
    version: str
    """The version that the name points to now, such as `images-v2`."""
    model: ModelIdentity
    """The model of the vectors."""
    images: int
    """The number of images."""
    definition: Mapping[str, Any]
    """How the index is built: `settings` and `mappings` of OpenSearch, or the `columns` of LanceDB."""


def describe(index: Index) -> IndexDescription:
    """Raises IndexMissing and what the index raises."""
    index.refresh()
    return IndexDescription(index.name, index.version(), index.model(), index.count(), index.definition())

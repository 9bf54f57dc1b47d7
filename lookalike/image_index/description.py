"""Describes an index for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lookalike.index import Index
from lookalike.records import ModelIdentity


@dataclass(frozen=True)
class IndexDescription:
    """`version` is what the name points to now, such as "images-v2". `definition` is how the backend has built it:
    `settings` and `mappings` of OpenSearch, or the `columns` of LanceDB."""

    name: str
    version: str
    model: ModelIdentity
    images: int
    definition: Mapping[str, Any]


def describe(index: Index) -> IndexDescription:
    """Raises IndexMissing and what the index raises."""
    index.refresh()
    return IndexDescription(index.name, index.version(), index.model(), index.count(), index.definition())

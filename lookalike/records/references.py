"""Where an image is, and what is known about it before it is read."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

#: Of one metadata field; a date is its text in ISO 8601. `lookalike.metadata` has the types.
MetadataValue: TypeAlias = str | int | float | bool | list[str] | list[int] | list[float] | list[bool]
Metadata: TypeAlias = Mapping[str, MetadataValue]


@dataclass(frozen=True)
class Span:
    """Where the bytes of a member lie in its archive, its header included: `length` bytes from `start`."""

    start: int
    length: int


@dataclass(frozen=True)
class ImageRef:
    """The uri of an image, with its label and metadata.

    `span` is known of a member of an archive that was listed, `etag` of an object whose store gave it with the listing:
    what has this etag in the index needs no request. `keeps_metadata`: a table that may describe the image could not be
    read as a whole, so a document of it keeps its label and metadata.
    """

    uri: str
    label: str | None = None
    metadata: Metadata = field(default_factory=dict)
    span: Span | None = field(default=None, compare=False)
    etag: str = field(default="", compare=False)
    keeps_metadata: bool = field(default=False, compare=False)

    @property
    def id(self) -> str:
        return document_id(self.uri)


def document_id(uri: str) -> str:
    """The id of the image at `uri`; deterministic, so that a rerun overwrites documents and adds no duplicates."""
    return hashlib.sha256(uri.encode()).hexdigest()[:40]

"""Rejected images, and what a rejection was based on."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from lookalike.records.reasons import Reason
from lookalike.records.references import ImageRef


@dataclass(frozen=True)
class Rejected:
    """An image that was not indexed, and why."""

    __pydantic_config__: ClassVar[Any] = {"use_attribute_docstrings": True}

    uri: str
    """Where the image was looked for."""
    reason: Reason
    """One word, from a fixed list."""
    detail: str = ""
    """What exactly is wrong; may be empty."""
    kept: bool = False
    """Whether the index still has the image as it was before, because the reason is not about what the file holds."""


@dataclass(frozen=True)
class Basis:
    """What a rejection was based on: it stands while the file and the rules stay the same.

    `etag` changes with the content; it is empty for a file that was being written, and if the place gives none.
    `content_sha256` is empty if the file was not read. `rules` is short text for the release and the limit that
    decided. `judged_at_ms` is when, in milliseconds since 1970.
    """

    etag: str = ""
    content_sha256: str = ""
    rules: str = ""
    judged_at_ms: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Rejection:
    """A rejected image as the ledger records it: with the reference to try it again, and what the rejection is based
    on."""

    rejected: Rejected
    ref: ImageRef
    basis: Basis = Basis()

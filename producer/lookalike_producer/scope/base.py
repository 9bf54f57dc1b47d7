"""What a scope is."""

from collections.abc import Iterable
from typing import Protocol


class Scope(Protocol):
    """A part of an index by the uris of its documents."""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """How the uris in here start."""

    def covers(self, uri: str) -> bool:
        """Whether the source would find an image that lies at `uri`."""


def covered(uri: str, scopes: Iterable[Scope]) -> bool:
    """Whether one of the scopes covers a uri."""
    return any(scope.covers(uri) for scope in scopes)

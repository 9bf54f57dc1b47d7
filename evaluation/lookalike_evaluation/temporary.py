"""A temporary index under a random name, removed when the measurement ends or fails."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from lookalike.errors import IndexMissing
from lookalike.index import Index, IndexInfo, IndexOptions, backend_of, list_indexes, open_index

PREFIX = "evaluate-"


@dataclass(frozen=True)
class Place:
    """The location and name of a temporary index."""

    location: str
    name: str

    def open(self, options: IndexOptions) -> Index:
        return open_index(self.location, self.name, options=options)

    def info(self, options: IndexOptions) -> IndexInfo:
        """The index, once it has been created."""
        return next(info for info in list_indexes(self.location, options=options) if info.name == self.name)


def is_embedded(location: str) -> bool:
    """Whether an index at `location` is a folder, which has no HNSW settings."""
    return backend_of(location).is_embedded


@contextmanager
def temporary_place(location: str, options: IndexOptions) -> Iterator[Place]:
    """A place for an index of the same kind as `location`: on that OpenSearch, or in a new LanceDB folder, because an
    embedded index remembers former names. Raises what the index raises."""
    with backend_of(location).temporary_location(location) as temporary:
        place = Place(temporary, f"{PREFIX}{secrets.token_hex(6)}")
        try:
            yield place
        finally:
            _drop(place, options)


@contextmanager
def temporary_index(location: str, options: IndexOptions) -> Iterator[Index]:
    """An index in a temporary place, not created yet."""
    with temporary_place(location, options) as place, closing(place.open(options)) as index:
        yield index


def _drop(place: Place, options: IndexOptions) -> None:
    # A new connection: an interrupted one may be in the middle of a response.
    with closing(place.open(options)) as index, suppress(IndexMissing):
        index.drop()

"""A temporary index under a random name, removed when the measurement ends or fails."""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote

from lookalike.errors import IndexMissing
from lookalike.index import Index, IndexOptions, list_indexes, open_index

PREFIX = "evaluate-"
EMBEDDED = "lancedb:"
#: How long an interrupted write may keep adding files to a folder that is being removed.
REMOVAL_S = 10.0
#: How long the folder must stay away after an interruption.
CALM_S = 0.5


@dataclass(frozen=True)
class Place:
    """The location and name of a temporary index."""

    location: str
    name: str

    def open(self, options: IndexOptions) -> Index:
        return open_index(self.location, self.name, options=options)

    def size_bytes(self, options: IndexOptions) -> int:
        """Size on disk; 0 if the index does not exist."""
        infos = list_indexes(self.location, options=options)
        return next((info.size_bytes for info in infos if info.name == self.name), 0)


def is_exact(location: str) -> bool:
    """Whether an index at `location` searches exactly."""
    return location.startswith(EMBEDDED)


@contextmanager
def temporary_place(location: str, options: IndexOptions) -> Iterator[Place]:
    """A place for an index of the same kind as `location`: on that OpenSearch, or in a new LanceDB folder, because an
    embedded index remembers former names. Raises what the index raises."""
    with ExitStack() as ending:
        if is_exact(location):
            folder = ending.enter_context(_temporary_folder())
            location = f"lancedb://{quote(folder)}"
        place = Place(location, f"{PREFIX}{secrets.token_hex(6)}")
        ending.callback(_drop, place, options)
        yield place


@contextmanager
def temporary_index(location: str, options: IndexOptions) -> Iterator[Index]:
    """An index in a temporary place, not created yet."""
    with temporary_place(location, options) as place, closing(place.open(options)) as index:
        yield index


@contextmanager
def _temporary_folder() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="lookalike-")
    try:
        yield folder
    except BaseException:
        _remove(folder, CALM_S)
        raise
    _remove(folder)


def _remove(folder: str, calm_s: float = 0.0) -> None:
    """Remove the folder again until it stays away: after an interrupt, LanceDB's threads go on writing for a moment
    and create the folder anew."""
    deadline = time.monotonic() + REMOVAL_S
    while True:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            pass
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(calm_s)
        if not os.path.exists(folder):
            return


def _drop(place: Place, options: IndexOptions) -> None:
    # A new connection: an interrupted one may be in the middle of a response.
    with closing(place.open(options)) as index, suppress(IndexMissing):
        index.drop()

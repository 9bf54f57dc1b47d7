"""An index for one measurement: made under a name nobody has, and gone when the measurement ends, however it ends."""

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
#: How long an interrupted write may go on adding files to a folder that is removed.
REMOVAL_S = 10.0
#: For how long it must stay away after an interruption.
CALM_S = 0.5


@dataclass(frozen=True)
class Place:
    """Where a temporary index is, to be opened with these options or those."""

    location: str
    name: str

    def open(self, options: IndexOptions) -> Index:
        return open_index(self.location, self.name, options=options)

    def size_bytes(self, options: IndexOptions) -> int:
        """On disk; 0 for an index that is not there."""
        infos = list_indexes(self.location, options=options)
        return next((info.size_bytes for info in infos if info.name == self.name), 0)


def is_exact(location: str) -> bool:
    """Whether an index there compares a query with every vector."""
    return location.startswith(EMBEDDED)


@contextmanager
def temporary_place(location: str, options: IndexOptions) -> Iterator[Place]:
    """A place of the kind at `location`: on that OpenSearch, or in a LanceDB folder of its own, for an embedded index
    remembers the names it has had. Raises what the index raises."""
    with ExitStack() as ending:
        if is_exact(location):
            folder = ending.enter_context(_temporary_folder())
            location = f"lancedb://{quote(folder)}"
        place = Place(location, f"{PREFIX}{secrets.token_hex(6)}")
        ending.callback(_drop, place, options)
        yield place


@contextmanager
def temporary_index(location: str, options: IndexOptions) -> Iterator[Index]:
    """An index in a temporary place; it is not created yet."""
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
    """A write that was interrupted goes on for a moment in threads of LanceDB's own: it adds to what is removed, and
    makes anew what is gone."""
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
    # A connection of its own: an interrupted one may be in the middle of an answer.
    with closing(place.open(options)) as index, suppress(IndexMissing):
        index.drop()

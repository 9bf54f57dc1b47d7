"""The ways to run a graph that were chosen by measuring, kept beside it: one for each CPU that shares the graph."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from lookalike.embedding.artifacts.kept_choices import add_entry, read_entries

#: The file beside the graph.
FILE = "batching.json"
#: The number of images per call that is compared with one. Eight gained at most 2 % over four.
SIZE = 4


class Way(NamedTuple):
    """How a graph runs: the precision of what it computes in floating point, and the images per call."""

    precision: str
    images: int


class Choices:
    """What was chosen for `graph`. `cpu` names what the choice depends on: the CPU, libraries, settings."""

    def __init__(self, graph: Path, cpu: str) -> None:
        self._graph = graph
        self._file = graph.parent / FILE
        self._cpu = cpu

    def read(self) -> Way | None:
        """The choice, or None if it is missing, unreadable or of an older version."""
        kept = read_entries(self._file).get(self._cpu)
        if not isinstance(kept, dict):
            return None
        way = Way(kept.get("precision", ""), kept.get("images", 0))
        return way if way.precision in ("f32", "bf16") and way.images in (1, SIZE) else None

    def keep(self, way: Way) -> None:
        """Add the choice to the file, atomically. Where nothing can be written, each process measures; nor is the
        folder of the graph made again, which another process may have moved aside meanwhile."""
        add_entry(self._file, self._cpu, way._asdict())

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether this process may measure now: no other process does. Where files have no locks, each may."""
        with ExitStack() as exits:
            try:
                # The graph itself: it is there, also in a folder that cannot be written.
                fcntl.flock(exits.enter_context(self._graph.open("rb")), fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_ours = True
            except OSError as error:
                is_ours = not isinstance(error, BlockingIOError)
            yield is_ours

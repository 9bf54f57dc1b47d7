"""Makes the map of the current version of an index, and keeps it there."""

import time
from contextlib import closing
from dataclasses import dataclass

from lookalike import factories
from lookalike.errors import MapMissing
from lookalike.extras import check_installed
from lookalike.fitting.progress import Progress, silent
from lookalike.index import Index
from lookalike.machine import usable_cores
from lookalike.mapping.kept import read_map
from lookalike.mapping.making import add_to, make_map
from lookalike.mapping.record import Map, encode
from lookalike.mapping.sample import SAMPLE
from lookalike.settings import Settings

#: Fewer have no shape that the others could be placed in.
LEAST_SAMPLE = 100


@dataclass(frozen=True)
class MapReport:
    """What `make_map` and `lookalike map` did."""

    index: str
    """Name of the index."""
    version: str
    """The version of the index that has the map, such as `images-v1`."""
    images: int
    """Images that are on the map."""
    sample: int
    """Images that were laid out together; the others were placed by their neighbours."""
    seconds: float
    """How long it took."""

    def __str__(self) -> str:
        return f"{self.images:,} images of {self.version} are on the map, after {self.seconds:.1f} s."


def keep_map(settings: Settings, *, add: bool = False, size: int = SAMPLE, progress: Progress = silent) -> MapReport:
    """Make a map and keep it with the version that the index's name points to now; with `add`, only add the images that
    came later, and remove those that are gone.

    Raises MissingExtra, IndexMissing, PermanentError for an index without images, MapMissing with `add`.
    """
    check_made_here()
    began = time.monotonic()
    with closing(factories.open_index(settings)) as named:
        version = named.version()
    # Of this version until the end, even if the name moves.
    with closing(factories.open_index(settings, version)) as index:
        threads = usable_cores()
        if add:
            made = add_to(index, _known(index), threads=threads, progress=progress)
        else:
            made = make_map(index, size=size, threads=threads, progress=progress)
        index.write_map(encode(made))
    return MapReport(settings.index, version, len(made), made.sample, time.monotonic() - began)


def check_made_here() -> None:
    """Raises MissingExtra if maps cannot be made with what is installed."""
    check_installed("openTSNE", "scipy", "sklearn", needed_by="lookalike map", extra="map")


def _known(index: Index) -> Map:
    if found := read_map(index):
        return found
    raise MapMissing(index.name)

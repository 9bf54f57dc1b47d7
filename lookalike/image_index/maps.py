"""The part of a handle that puts the images on a map."""

from typing import TYPE_CHECKING

from lookalike.image_index import arguments
from lookalike.image_index.base import Handle, on_open_handle

if TYPE_CHECKING:
    from lookalike.mapping.keeping import MapReport
    from lookalike.mapping.record import Places

#: Of `make_map`: more would take hours.
MOST_SAMPLED = 1_000_000


class Maps(Handle):
    """Make the map, and read it."""

    @on_open_handle("map")
    def make_map(self, *, add: bool = False, sample: int = 10_000) -> "MapReport":
        """Give every image a place in two dimensions, like images near one another, and keep the map with the version
        of the index. The page of the query service shows it under /map.

        `sample` images (100 to 1,000,000) are laid out together with t-SNE; the others are placed by their neighbours
        among them. With `add`, only images that came later are placed, and those that are gone are removed.

        Raises IndexMissing, PermanentError for an index without images or, with `add`, without a map.
        """
        from lookalike.image_index.map_job import map_as_job
        from lookalike.mapping.keeping import LEAST_SAMPLE

        size = arguments.whole_number(sample, "sample", LEAST_SAMPLE, MOST_SAMPLED)
        return map_as_job(self._settings, add=add, size=size)

    @on_open_handle("embedded")
    def map(self) -> "tuple[list[str], Places] | None":
        """The ids of the images on the map of the current version, and their places as float32 [N, 2], from 0 to 1, in
        the same order. None without a map. Raises IndexMissing."""
        from lookalike.mapping.kept import read_map

        with self._index() as index:
            found = read_map(index)
        return None if found is None else (found.texts(), found.places)

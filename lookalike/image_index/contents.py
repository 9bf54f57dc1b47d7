"""The part of a handle that is about the stored images."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.filters import Filters, Scalar
from lookalike.image_index import arguments
from lookalike.image_index.base import Handle, on_open_handle
from lookalike.records import Vectors
from lookalike.records.facets import FEWEST_RANGES, MOST_RANGES, RANGES, VALUES
from lookalike.records.facets import MOST_VALUES as MOST_COUNTED

if TYPE_CHECKING:
    from lookalike.image_index.description import IndexDescription
    from lookalike.records import Facets

#: Of a facet: OpenSearch counts at most 65,535 in one request.
MOST_VALUES = 10_000


class Contents(Handle):
    """Count, describe, read, export and delete."""

    @on_open_handle("embedded")
    def vectors(self) -> tuple[list[str], Vectors]:
        """The ids of all images, and their vectors as float32 [N, D] in the same order.

        They take N x D x 4 bytes of memory: 5 GB for a million vectors of 1280 dimensions. The memory that `export`
        needs does not depend on N. Raises IndexMissing.
        """
        from lookalike.image_index.vectors import read_vectors

        with self._index() as index:
            return read_vectors(index)

    @on_open_handle("parquet")
    def export(self, path: str | os.PathLike[str], *, filters: Filters | None = None) -> int:
        """Write all images that meet the filters, with their vectors, to a file; returns how many they are.

        The suffix of `path` says the form:

        - `.parquet`: columns id, uri, name (the label), width, height, content_sha256, model (its fingerprint),
          taken_at_ms (when the photograph was taken, in milliseconds since 1970, or null), metadata (a map of texts),
          metadata_FIELD for each field with its type, and vector (a list of D float32).
        - `.jsonl`: a line of JSON for each image with the same keys; metadata is an object.
        - `.npy`: the vectors as one array of NumPy, float32 [N, D]. PATH.jsonl, such as images.npy.jsonl, has a line
          for each row of it, without the vector.

        Existing files are replaced when the new ones are complete. The memory that this needs does not depend on N.
        `filters` are those of `search`.

        Raises IndexMissing, AccessDenied or DiskFull if the file cannot be written, BadFilter, BadSetting for another
        suffix and for a path that cannot be one of a file, such as that of a folder or a device.
        """
        from lookalike.image_index.exporting import writer_for
        from lookalike.image_index.replacing import check_target

        named = Path(arguments.expanded(path, "a file to write"))
        target, write = check_target(named), writer_for(named)
        with self._index() as index:
            return write(index, target, filters)

    @on_open_handle("embedded")
    def delete(self, ids: Iterable[str]) -> None:
        """Remove images from the index by their ids; ids without an image are ignored. Their files stay.

        Raises IndexMissing, BadSetting for ids that are not texts.
        """
        unwanted = arguments.texts(ids, "an id", "a list of ids")
        with self._index() as index:
            index.delete(unwanted)
            index.refresh()

    @on_open_handle("embedded")
    def info(self) -> "IndexDescription":
        """Describe the index: its version, its model, its number of images, and how the backend has built it.

        Raises IndexMissing.
        """
        from lookalike.image_index.description import describe

        with self._index() as index:
            return describe(index)

    @on_open_handle("embedded")
    def count(self, filters: Filters | None = None) -> int:
        """The number of images that a search can find, under the same filters. Raises IndexMissing, BadFilter."""
        with self._index() as index:
            return index.count(filters)

    @on_open_handle("embedded")
    def fields(self) -> dict[str, str]:
        """The metadata fields of the index, with their types: `{"tags": "keyword[]", "year": "integer"}`.

        Raises IndexMissing."""
        with self._index() as index:
            return {name: str(type) for name, type in sorted(index.fields().items())}

    @on_open_handle("embedded")
    def facet(self, field: str, limit: int = 50, *, filters: Filters | None = None) -> dict[Scalar, int]:
        """The number of images for each of the `limit` most frequent values of `label` or of a metadata field, the most
        frequent first, among the images that meet the filters. `limit` is at most 10,000.

        Raises IndexMissing, BadFilter for a field that the index does not have, or one of texts."""
        with self._index() as index:
            return index.facet(field, arguments.whole_number(limit, "limit", 1, MOST_VALUES), filters)

    @on_open_handle("embedded")
    def facets(
        self, *fields: str, limit: int = VALUES, ranges: int = RANGES, filters: Filters | None = None
    ) -> "Facets":
        """How many images have which values of these fields, by default of `label`, of `taken` if any image says when
        it was taken, and of all metadata fields, among the images that meet the filters:
        `images.facets()["brand"].values`.

        The `limit` most frequent values (at most 200) of texts, whole numbers and truth values; of numbers and dates
        also the least, the greatest, and at most `ranges` ranges (2 to 100). Of long texts, only how many there are.

        Raises IndexMissing, BadFilter for a field that the index does not have."""
        from lookalike.index.facets import facets

        asked = [arguments.text(field, "a field") for field in fields]
        most = arguments.whole_number(limit, "limit", 1, MOST_COUNTED)
        number = arguments.whole_number(ranges, "ranges", FEWEST_RANGES, MOST_RANGES)
        with self._index() as index:
            return facets(index, asked or None, limit=most, ranges=number, filters=filters)

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        """True, even if the index is empty or missing."""
        return True

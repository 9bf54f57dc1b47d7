"""Photographs are sorted, filtered, listed and exported by when they were taken, on both indexes."""

from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from PIL import Image

import lookalike
from tests.image_index.conftest import Filled

#: Name -> what its EXIF says; the offset makes the second one the later one.
DATES = {
    "a.jpg": ("2024:05:17 13:45:02", "+02:00"),
    "b.jpg": ("2024:05:17 12:00:00", ""),
    "c.png": ("1999:12:31 23:59:59", ""),
    "d.jpg": ("", ""),
}
_ORIENTATION, _EXIF, _TAKEN, _OFFSET = 274, 34665, 36867, 36881


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for number, (name, (taken, offset)) in enumerate(DATES.items()):
        exif = Image.Exif()
        # Pillow writes no EXIF into a PNG that has none in its first directory.
        exif[_ORIENTATION] = 1
        exif.get_ifd(_EXIF).update({tag: text for tag, text in ((_TAKEN, taken), (_OFFSET, offset)) if text})
        Image.new("RGB", (40, 40), (60 * number, 200, 90)).save(folder / name, exif=exif)
    return folder


def test_photographs_are_found_by_when_they_were_taken(filled: Filled, photographs: Path, tmp_path: Path) -> None:
    with lookalike.open("photographs", **filled.options) as images:
        images.ingest(photographs, progress=False)
        found = {
            sort: [Path(match.uri).name for match in images.search(photographs / "a.jpg", sort=sort)]
            for sort in ("taken", "-taken")
        }
        of_may = images.search(photographs / "d.jpg", filters=["taken=2024-05"])
        listed = [Path(image.uri).name for image in images.list("taken", filters=["taken exists"])]
        facet = images.facets()["taken"]
        images.export(tmp_path / "images.parquet")
        times = {Path(match.uri).name: match.taken_at_ms for match in images.search(photographs / "a.jpg")}
    assert found == {"taken": ["b.jpg", "a.jpg", "c.png", "d.jpg"], "-taken": ["c.png", "a.jpg", "b.jpg", "d.jpg"]}
    assert times["a.jpg"] == 1_715_946_302_000 and times["d.jpg"] is None
    assert {Path(match.uri).name for match in of_may} == {"a.jpg", "b.jpg"} and listed == ["b.jpg", "a.jpg", "c.png"]
    assert (facet.documents, facet.least, facet.greatest) == (3, "1999-12-31T23:59:59.000Z", "2024-05-17T12:00:00.000Z")
    rows = parquet.read_table(tmp_path / "images.parquet").to_pylist()
    assert {Path(row["uri"]).name: row["taken_at_ms"] for row in rows} == times

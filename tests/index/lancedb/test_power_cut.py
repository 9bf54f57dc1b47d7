"""After a power cut an index opens, holds every document that counted as stored, and takes the rest again."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lookalike.index import Index, IndexOptions, open_index
from lookalike.index.lancedb.power_cut import MARKER
from lookalike.records import Document
from tests.index.documents import documents

DOCUMENTS = documents(40)
#: An ANN index of so few documents.
ANN = IndexOptions(ann_rows=10)
STORED, CUT_OFF = DOCUMENTS[:20], DOCUMENTS[10:]


@pytest.fixture
def synced_inodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[int]]:
    """The inodes of all files and folders that this process has written to the disk; fsync works as always."""
    inodes: set[int] = set()
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        fsync(descriptor)
        inodes.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", noting)
    yield inodes


def test_everything_that_a_write_adds_is_on_the_disk_when_it_counts(
    folder: Path, synced_inodes: set[int], index: Index
) -> None:
    steps: list[Callable[[], object]] = [
        lambda: index.write(STORED),
        lambda: index.write(CUT_OFF),
        lambda: index.delete([STORED[0].id]),
        index.end_load,
    ]
    for step in steps:
        step()
        files = [path for path in folder.rglob("*") if path.suffix in (".lance", ".manifest", ".arrow", ".bin")]
        assert [path for path in files if path.stat().st_ino not in synced_inodes] == []
        assert folder.stat().st_ino in synced_inodes
        synced_inodes -= {path.stat().st_ino for path in folder.rglob("_versions")}


def torn(index_folder: Path, step: Callable[[Index], object], place: Path) -> Iterator[Path]:
    """Copies of the folder in which one file of those that `step` adds or changes is empty, cut, or missing."""
    before = {path.relative_to(index_folder): path.read_bytes() for path in index_folder.rglob("*") if path.is_file()}
    step(open_index(f"lancedb://{index_folder}", "images", options=ANN))
    after = {path.relative_to(index_folder): path.read_bytes() for path in index_folder.rglob("*") if path.is_file()}
    changed = [path for path in after if after[path] != before.get(path) and path.name not in (MARKER, "lock")]
    for number, path in enumerate(changed):
        for kind, content in enumerate((b"", after[path][: len(after[path]) // 2], bytes(len(after[path])))):
            copy = place / f"{number}-{kind}"
            shutil.copytree(index_folder, copy)
            for old in before.keys() - after.keys():  # what a compaction removed is there again
                (copy / old).parent.mkdir(exist_ok=True)
                (copy / old).write_bytes(before[old])
            (copy / path).write_bytes(content)
            (copy / MARKER).write_text("before the power cut")
            yield copy


@pytest.mark.parametrize("step", ["write", "delete", "compact", "build"])
def test_an_index_whose_last_step_is_torn_keeps_what_counted_and_takes_the_rest_again(
    index: Index, folder: Path, tmp_path: Path, step: str
) -> None:
    index.write(STORED[:10])
    index.write(STORED[10:])
    steps: dict[str, Callable[[Index], object]] = {
        "write": lambda opened: opened.write(CUT_OFF),
        "delete": lambda opened: opened.delete([document.id for document in CUT_OFF]),
        "compact": lambda opened: opened.end_load(),
        "build": lambda opened: opened.build_ann(60),
    }
    copies = list(torn(folder, steps[step], tmp_path))
    assert len(copies) > 5
    for copy in copies:
        opened = open_index(f"lancedb://{copy}", "images")
        kept = STORED[:10] if step == "delete" else STORED
        check(opened, kept)
        assert opened.count() in (10, 20, 40)
        opened.write(DOCUMENTS)
        assert opened.count() == len(DOCUMENTS)
        check(opened, DOCUMENTS)


def check(index: Index, expected: list[Document]) -> None:
    assert set(index.stored([document.id for document in expected])) == {document.id for document in expected}
    for document in expected[::5]:
        assert index.search(document.image_embedding, 1)[0].id == document.id
        found = index.get(document.id)
        assert found is not None
        np.testing.assert_array_equal(found.image_embedding, document.image_embedding)


def test_a_table_is_looked_at_once_after_each_start_of_the_machine(index: Index, folder: Path) -> None:
    index.write(STORED)
    marker = folder / MARKER
    open_index(f"lancedb://{folder}", "images")
    first = marker.read_text()
    marker.write_text("another start")
    assert open_index(f"lancedb://{folder}", "images").count() == len(STORED)
    assert marker.read_text() == first

"""Orphans are only images that the source certainly no longer has."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import SourceUnavailable
from lookalike.index import Index
from lookalike.records import ImageRef, Reason
from lookalike_producer.finding import Finding, SyncStatus
from lookalike_producer.refused import UnlistedTable
from lookalike_producer.scope import scopes
from lookalike_producer.sources import find_images
from tests.index.documents import clustered_vectors, document
from tests.producer.comparison.compared import findings, statuses, store


def test_a_folder_that_cannot_be_listed_has_no_orphans(index: Index, folder: Path) -> None:
    for name in ("a.jpg", "sub/b.jpg", "sub/c.jpg"):
        store(index, folder / name)
    # A folder that cannot be listed is found as if it were an image.
    found = statuses(
        iter([ImageRef(str(folder / "a.jpg")), ImageRef(str(folder / "sub"))]), scopes([str(folder)]), index
    )
    assert found == {SyncStatus.PRESENT: 1, SyncStatus.UNREADABLE: 1}


def test_an_image_ingested_during_a_comparison_is_not_an_orphan(index: Index, folder: Path) -> None:
    store(index, folder / "a.jpg")

    def walk() -> Iterator[ImageRef]:
        yield ImageRef(str(folder / "a.jpg"))
        store(index, folder / "passed.jpg")

    assert statuses(walk(), scopes([str(folder)]), index) == {SyncStatus.PRESENT: 1}


def test_more_images_than_one_request_takes_are_compared(index: Index, folder: Path) -> None:
    vectors = clustered_vectors(2500)
    sha256 = hashlib.sha256(b"x").hexdigest()
    written = [document(str(folder / f"{i}.jpg"), vectors[i]) for i in range(2500)]
    index.write([replace(made, content_sha256=sha256) for made in written])
    for number in range(2300):
        (folder / f"{number}.jpg").write_bytes(b"x" if number else b"y")
    (folder / "new.jpg").write_bytes(b"x")
    found = statuses(find_images([str(folder)], "none"), scopes([str(folder)]), index)
    assert found == {SyncStatus.PRESENT: 2299, SyncStatus.STALE: 1, SyncStatus.MISSING: 1, SyncStatus.ORPHANED: 200}


def test_a_source_that_breaks_off_has_no_orphans(index: Index, folder: Path) -> None:
    for name in ("a.jpg", "b.jpg", "sub/c.jpg"):
        store(index, folder / name)

    def broken() -> Iterator[ImageRef]:
        yield ImageRef(str(folder / "a.jpg"))
        raise SourceUnavailable("store", "it does not answer")

    seen: list[Finding] = []
    with pytest.raises(SourceUnavailable):
        for finding in findings(broken(), scopes([str(folder)]), index):
            seen.append(finding)
    assert SyncStatus.ORPHANED not in {finding.status for finding in seen}
    # Nobody knows which images the rest of the table names, wherever they lie.
    table = UnlistedTable(str(folder.parent / "t.csv"), reason=Reason.TRUNCATED)
    found = statuses(iter([ImageRef(str(folder / "a.jpg")), table]), scopes([str(folder)]), index)
    assert found == {SyncStatus.PRESENT: 1, SyncStatus.UNREADABLE: 1}

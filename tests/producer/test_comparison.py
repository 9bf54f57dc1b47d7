"""Orphans are only images that the source certainly no longer has."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import SourceMissing
from lookalike.index import Index, open_index
from lookalike.records import ImageRef
from lookalike.storage import Storage
from lookalike_producer.comparison import SyncStatus, compare
from lookalike_producer.scope import Scope, scopes
from lookalike_producer.sources import find_images
from tests.index.documents import COSINE, clustered_vectors, document


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = open_index(f"lancedb://{tmp_path}/index", "images")
    opened.ensure(COSINE)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    (made / "sub").mkdir(parents=True)
    return made


def store(index: Index, path: Path, content: bytes = b"x") -> None:
    """A file, and its document."""
    path.write_bytes(content)
    made = document(str(path), clustered_vectors(1)[0])
    assert index.write([replace(made, content_sha256=hashlib.sha256(content).hexdigest())]) == []


def statuses(references: Iterator[ImageRef], found: Sequence[Scope], index: Index) -> Counter[SyncStatus]:
    read = Storage(roots=[Path("/")], max_bytes=1000).read
    return Counter(
        finding.status for finding in compare(references, found, index=index, read=read, fingerprint=COSINE.fingerprint)
    )


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


PATTERNS = ["*.jpg", "**/*.jpg", "*/*.jpg", "**/b*", "s?b/*", "[ab].*", "**", ".*", "**/sub/**/*.png", "sub/[!.]*"]
NAMES = ["a.jpg", "b.png", ".h.jpg", "sub/b.jpg", "sub/.h.jpg", "sub/deep/b.png", ".hidden/b.jpg", "sub.jpg"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_glob_covers_exactly_the_files_that_it_matches(pattern: str, folder: Path) -> None:
    for name in NAMES:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).touch()
    [scope] = scopes([str(folder / pattern)])
    found = {ref.uri for ref in find_images([str(folder / pattern)])}
    assert {str(folder / name) for name in NAMES if scope.covers(str(folder / name))} == found
    assert not scope.covers(str(folder) + "2/a.jpg")


def test_only_folders_and_globs_cover_other_files(folder: Path) -> None:
    listing = folder / "some.txt"
    listing.write_text("a.jpg\n")
    (folder / "a.jpg").touch()
    assert scopes([str(listing), "-", str(folder / "a.jpg")]) == []
    assert scopes([str(listing)], within=[str(folder)]) == [Scope(str(folder))]
    with pytest.raises(SourceMissing, match="nowhere"):
        scopes([str(listing)], within=[str(folder / "nowhere")])


def test_the_root_of_the_disk_and_names_that_are_not_utf_8_have_prefixes() -> None:
    assert scopes(["/"])[0].prefixes == ("/", "file:///")
    odd = Scope(os.fsdecode(b"/odd\xff"))
    assert odd.prefixes == ("file:///odd%FF/",)
    assert odd.covers("file:///odd%FF/a.jpg") and not odd.covers("file:///odd%FE/a.jpg")
    assert not odd.covers("s3://bucket/a.jpg")

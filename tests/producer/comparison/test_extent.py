"""What sources may hold, of which a comparison finds orphans."""

import os
from pathlib import Path

import pytest

from lookalike.errors import SourceMissing
from lookalike_producer.scope import FolderScope, RowScope, scopes
from lookalike_producer.sources import find_images
from lookalike_producer.walk.options import WalkOptions

PATTERNS = ["*.jpg", "**/*.jpg", "*/*.jpg", "**/b*", "s?b/*", "[ab].*", "**", ".*", "**/sub/**/*.png", "sub/[!.]*"]
NAMES = ["a.jpg", "b.png", ".h.jpg", "sub/b.jpg", "sub/.h.jpg", "sub/deep/b.png", ".hidden/b.jpg", "sub.jpg"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_glob_covers_exactly_the_files_that_it_matches(pattern: str, folder: Path) -> None:
    for name in NAMES:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).touch()
    [scope, _] = scopes([str(folder / pattern)])
    found = {ref.uri for ref in find_images([str(folder / pattern)])}
    assert {str(folder / name) for name in NAMES if scope.covers(str(folder / name))} == found
    assert not scope.covers(str(folder) + "2/a.jpg")


def test_only_folders_and_globs_cover_other_files(folder: Path) -> None:
    listing = folder / "some.txt"
    listing.write_text("a.jpg\n")
    (folder / "a.jpg").touch()
    found = scopes([str(listing), "-", str(folder / "a.jpg")])
    assert found == [RowScope(str(listing), is_table=False), RowScope("stdin", is_table=False)]
    assert scopes([str(listing)], within=[str(folder)])[1:] == [FolderScope(str(folder))]
    with pytest.raises(SourceMissing, match="nowhere"):
        scopes([str(listing)], within=[str(folder / "nowhere")])


def test_what_is_excluded_is_in_no_scope(folder: Path) -> None:
    [scope, _] = scopes([str(folder)], options=WalkOptions(exclude=("raw/", "*.png", "!keep.png")))
    covered = ["a.jpg", "keep.png", "rawer/b.jpg", "@eaDir/c.jpg", ".d.jpg"]
    names = [*covered, "raw/b.jpg", "deep/raw/b.jpg", "deep/b.png"]
    assert [name for name in names if scope.covers(f"{folder}/{name}")] == covered
    [glob, _] = scopes([f"{folder}/*"], options=WalkOptions(include_hidden=True))
    assert glob.covers(f"{folder}/.d.jpg") and not glob.covers(f"{folder}/deep/b.png")


def test_the_root_of_the_disk_and_names_that_are_not_utf_8_have_prefixes() -> None:
    assert scopes(["/"])[0].prefixes == ("/", "file:///")
    odd = FolderScope(os.fsdecode(b"/odd\xff"))
    assert odd.prefixes == ("file:///odd%FF/",)
    assert odd.covers("file:///odd%FF/a.jpg") and not odd.covers("file:///odd%FE/a.jpg")
    assert not odd.covers("s3://bucket/a.jpg")

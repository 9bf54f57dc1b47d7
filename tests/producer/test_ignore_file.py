"""`.lookalikeignore` in the folder that a source names."""

from pathlib import Path

import pytest

from lookalike.errors import BadSetting
from lookalike_producer.scope import scopes, walked
from lookalike_producer.sources import find_images
from lookalike_producer.walk.ignore_file import MAX_BYTES, NAME
from lookalike_producer.walk.options import WalkOptions

NAMES = ("a.jpg", "raw/b.jpg", "raw/best.jpg", "new/c.jpg", "new/raw/d.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def found(folder: Path, *sources: object, exclude: tuple[str, ...] = ()) -> list[str]:
    names = [str(source) for source in sources or (folder,)]
    walk = WalkOptions(exclude=exclude)
    refs = [ref.uri for ref in find_images(names, options=walk)]
    # What is found is covered, or `sync --delete` would take it for an orphan.
    assert all(any(scope.covers(uri) for scope in walked(names, walk)) for uri in refs)
    return sorted(uri.removeprefix(f"{folder}/") for uri in refs)


def test_its_patterns_exclude_as_in_git(folder: Path) -> None:
    (folder / NAME).write_text("# what the camera keeps\n\n/raw/*\n!best.jpg\n", "utf-8-sig")
    assert found(folder) == ["a.jpg", "new/c.jpg", "new/raw/d.jpg", "raw/best.jpg"]


def test_an_option_counts_after_it(folder: Path) -> None:
    (folder / NAME).write_text("*.jpg\n")
    assert found(folder) == []
    assert found(folder, exclude=("!c.jpg",)) == ["new/c.jpg"]


def test_it_counts_for_its_own_source_only(folder: Path) -> None:
    (folder / "raw" / NAME).write_text("b.jpg\n")
    assert found(folder) == sorted(NAMES), "only the folder that a source names is asked"
    assert found(folder, folder / "raw", folder / "new") == ["new/c.jpg", "new/raw/d.jpg", "raw/best.jpg"]


def test_what_it_excludes_belongs_to_no_source_and_is_no_orphan(folder: Path) -> None:
    (folder / NAME).write_text("raw/\n")
    covering = scopes([str(folder)])
    uris = [f"{folder}/{name}" for name in NAMES]
    assert [any(scope.covers(uri) for scope in covering) for uri in uris] == [True, False, False, True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [("ok\n!\n", "Line 2 of .* is no pattern"), ("x" * (MAX_BYTES + 1), "more than 1,048,576 characters")],
)
def test_a_file_that_cannot_be_used_stops_the_walk_before_it_starts(folder: Path, text: str, message: str) -> None:
    (folder / NAME).write_text(text)
    with pytest.raises(BadSetting, match=message):
        find_images([str(folder)])


def test_a_folder_of_that_name_is_said(folder: Path) -> None:
    (folder / NAME).mkdir()
    with pytest.raises(BadSetting, match=r"cannot be read(.|\n)*Correct or remove it"):
        find_images([str(folder)])

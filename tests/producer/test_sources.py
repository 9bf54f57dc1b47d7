"""The images of a source, with any file names."""

import os
from pathlib import Path

import pytest

from lookalike.errors import BadSetting, SourceMissing
from lookalike_producer.sources import find_images


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("cats/a.jpg", "cats/deep/b.png", "dogs/c.jpg", ".hidden/d.jpg", "cats/.e.jpg", "cats/Thumbs.db"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def found(*sources: object, label_from: str = "parent") -> dict[str, str | None]:
    return {ref.uri: ref.label for ref in find_images([str(source) for source in sources], label_from)}


def test_a_folder_is_walked_and_labelled_by_parent_without_hidden_files_and_clutter(images: Path) -> None:
    assert found(images) == {
        f"{images}/cats/a.jpg": "cats",
        f"{images}/cats/deep/b.png": "deep",
        f"{images}/dogs/c.jpg": "dogs",
    }


def test_a_glob_matches_into_subfolders(images: Path) -> None:
    assert set(found(f"{images}/**/*.jpg")) == {f"{images}/cats/a.jpg", f"{images}/dogs/c.jpg"}


def test_a_list_names_paths_from_its_own_folder(images: Path) -> None:
    listing = images / "list.txt"
    listing.write_text(f"cats/a.jpg\r\n\n{images}/dogs/c.jpg\n#odd.jpg")
    assert list(found(listing)) == [f"{images}/cats/a.jpg", f"{images}/dogs/c.jpg", f"{images}/#odd.jpg"]


def test_a_single_file_and_several_sources_are_accepted(images: Path) -> None:
    assert list(found(images / "dogs/c.jpg", images / "cats/deep")) == [
        f"{images}/dogs/c.jpg",
        f"{images}/cats/deep/b.png",
    ]


def test_labels_can_be_left_out(images: Path) -> None:
    assert set(found(images, label_from="none").values()) == {None}


def test_a_relative_path_becomes_absolute(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(images)
    assert list(found("dogs")) == [f"{images}/dogs/c.jpg"]


def test_a_cycle_of_links_is_not_followed(images: Path) -> None:
    (images / "dogs" / "again").symlink_to(images)
    assert len(found(images)) == 3


def test_names_that_are_not_utf8_are_preserved(images: Path) -> None:
    folder = os.fsencode(images) + b"/caf\xe9"
    os.mkdir(folder)
    with open(folder + b"/\xff.jpg", "wb"):
        pass
    (label, uri) = next((ref.label, ref.uri) for ref in find_images([str(images)]) if "%FF" in ref.uri)
    assert label == "caf\ufffd"
    uri.encode("ascii")


@pytest.mark.parametrize("source", ["no-such-folder", "no-such-*.jpg", "no-such-list.txt"])
def test_a_missing_source_is_named_before_any_image_is_found(images: Path, source: str) -> None:
    with pytest.raises(SourceMissing, match="no-such"):
        find_images([str(images), str(images / source)])


def test_an_unknown_label_rule_is_refused(images: Path) -> None:
    with pytest.raises(BadSetting, match="colour"):
        find_images([str(images)], "colour")


def test_an_unreadable_folder_is_one_reference_to_be_rejected(images: Path) -> None:
    gone = images / "gone"
    gone.mkdir()
    walk = find_images([str(gone)])
    gone.rmdir()
    assert [ref.uri for ref in walk] == [str(gone)]


def test_thousands_of_sources_one_in_another_or_twice_give_each_image_once(tmp_path: Path) -> None:
    many = [tmp_path / f"{number % 10}" / f"{number}.jpg" for number in range(10_000)]
    for path in many:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    folders = [str(tmp_path), *sorted({str(path.parent) for path in many})]
    found = [ref.uri for ref in find_images([*map(str, many), *folders, *map(str, many), *folders])]
    assert len(found) == 10_000 and set(found) == set(map(str, many))

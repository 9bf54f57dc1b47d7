"""`.lookalikeignore` in the folder that a source names."""

import os
import subprocess
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
    [
        ("ok\n!\n", "Line 2 of .* is no pattern"),
        ("# no\n\n[z-a].jpg\n", "Line 3 of .* is no pattern: bad character range z-a"),
        ("[[:cats:]]\n", r"Line 1 of .* there is no class \[:cats:\]"),
        ("photo[1.jpg", "Line 1 of .* matches nothing"),
        ("raw/\0*.xmp\0", "is not a text: it contains null characters"),
        ("x" * (MAX_BYTES + 1), "more than 1,048,576 bytes"),
    ],
    ids=lambda text: text[:20].strip(),
)
def test_a_file_that_cannot_be_used_stops_the_walk_before_it_starts(folder: Path, text: str, message: str) -> None:
    (folder / NAME).write_text(text)
    with pytest.raises(BadSetting, match=message):
        find_images([str(folder)])


#: Each is a whole file.
AS_IN_GIT = [
    *(
        "raw",
        "raw/",
        "/raw",
        "raw/*",
        "raw/**",
        "**/raw",
        "**/a.jpg",
        "new/**/d.jpg",
        "*/",
        "/*",
        "*",
        "**",
        "?.jpg",
    ),
    *("*.jpg\n!a.jpg", "raw\n!best.jpg", "/raw/*\n!best.jpg", "*/\n!d.jpg", "!*.jpg", "./a.jpg", "raw/../a.jpg"),
    *("[[:alpha:]].jpg", "[[:digit:][:upper:]]*", "[![:lower:]]*", "[[]*", "[]]*", "[a-c].jpg", "[^a].jpg"),
    *(
        "\\#*",
        "#*",
        "\\!*",
        "!*",
        "end\\ ",
        "end ",
        "st\\*r",
        "a\r\nraw/\r\n",
        "\ufeffraw/\n",
        "raw/\u2028x",
        "x\x0craw/",
    ),
    *("b.jpg\n\n\n#x\n", "*.JPG", "foo**", "new//raw", "a.jpg "),
]


def test_every_kind_of_pattern_means_what_it_means_in_git(folder: Path) -> None:
    for name in ("#h", "!n", "end ", "st*r", "star", "B.JPG", "[x", "]x", "7.jpg", "x\x0craw"):
        (folder / name).write_bytes(b"x")
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    command = [*git, "ls-files", "-z", "--others", f"--exclude-from={NAME}", f"--exclude={NAME}"]
    for text in AS_IN_GIT:
        (folder / NAME).write_bytes(text.encode())
        expected = subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout.decode().split("\0")
        assert found(folder) == sorted(filter(None, expected)), repr(text)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_it_is_read_as_windows_may_write_it(folder: Path, encoding: str) -> None:
    (folder / NAME).write_bytes("raw/\r\nc.jpg\r\n".encode(encoding))
    assert found(folder) == ["a.jpg"]


def test_what_a_walk_does_not_reach_is_no_orphan(folder: Path) -> None:
    (folder / NAME).write_text("/raw\n!best.jpg\n")
    assert "raw/best.jpg" not in found(folder)
    assert not any(scope.covers(f"{folder}/raw/best.jpg") for scope in scopes([str(folder)]))


def test_a_fifo_of_that_name_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / NAME)
    with pytest.raises(BadSetting, match="it is not a file but a FIFO"):
        find_images([str(folder)])


def test_a_folder_of_that_name_is_said(folder: Path) -> None:
    (folder / NAME).mkdir()
    with pytest.raises(BadSetting, match=r"cannot be read(.|\n)*Correct or remove it"):
        find_images([str(folder)])

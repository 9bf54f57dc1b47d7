"""`lookalike search --open`, with a program in the place of the desktop's that writes down what it is told to open."""

import os
import sys
from pathlib import Path

import pytest

from lookalike.errors import PermanentError
from lookalike.records import ImageRef, Match
from lookalike.settings import Settings
from lookalike_cli.viewing import KEPT, MOST_ADDRESSES, Viewer, view
from testing.processes import answer
from tests.cli.inprocess import lookalike

NAME = "open" if sys.platform == "darwin" else "xdg-open"


class Desktop:
    """An opener on PATH, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened = folder / "opened"
        self.program = folder / NAME
        self.ends_with(0)

    def ends_with(self, code: int) -> None:
        self.program.write_text(
            f'#!/bin/sh\necho "of the viewer"\necho "$DISPLAY $1" >> "{self._opened}"\nexit {code}\n'
        )
        self.program.chmod(0o755)

    def opened(self) -> list[str]:
        return self._opened.read_text().splitlines() if self._opened.exists() else []


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    return Desktop(tmp_path)


@pytest.fixture
def environment(lance: Settings, desktop: Desktop) -> dict[str, str]:
    path = f"{desktop.folder}:{os.environ['PATH']}"
    return {**os.environ, "LOOKALIKE_HOME": str(lance.home), "PATH": path, "DISPLAY": ":7"}


def match(uri: object) -> Match:
    return Match("0" * 40, str(uri), None, 0.5)


def links(place: str) -> list[Path]:
    return sorted(Path(place).iterdir())


def test_matches_are_opened_as_links_in_their_order(
    environment: dict[str, str], desktop: Desktop, stored: list[ImageRef], capfd: pytest.CaptureFixture[str]
) -> None:
    done = lookalike(environment, "search", "--id", stored[0].id, "-k", 12, "--open", "--json")
    found = [one["uri"] for one in answer(done)["matches"]]
    [(display, folder)] = [line.split(" ", 1) for line in desktop.opened()]
    assert display == ":7"
    assert [str(link.readlink()) for link in links(folder)] == found
    assert [link.name[:3] for link in links(folder)] == [f"{rank:02}-" for rank in range(1, 13)]
    # The viewer has the files of this process, not the streams in which the test catches what the command prints.
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS always has a display and `open`")
def test_without_a_desktop_one_sentence_says_what_to_do(
    environment: dict[str, str], desktop: Desktop, stored: list[ImageRef]
) -> None:
    asked = ("search", "--id", stored[0].id, "--open")
    without = {name: value for name, value in environment.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    assert "There is no display" in lookalike(without, *asked, code=1).stderr
    desktop.program.unlink()
    empty = {**environment, "PATH": str(desktop.folder)}
    assert "needs the program xdg-open" in lookalike(empty, *asked, code=1).stderr


def test_a_viewer_that_fails_is_an_error(environment: dict[str, str], desktop: Desktop, stored: list[ImageRef]) -> None:
    desktop.ends_with(3)
    done = lookalike(environment, "search", "--id", stored[0].id, "--open", code=1)
    assert stored[1].uri in done.stdout and "(exit code 3)" in done.stderr


def test_images_elsewhere_and_lost_files_are_left_out(
    tmp_path: Path, desktop: Desktop, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "-ä b.jpg"
    image.write_bytes(b"")
    uris = ["s3://bucket/a.jpg", image, tmp_path / "lost.jpg", "https://example.org/a.jpg", f"{tmp_path}/a.zip#b.jpg"]
    view([match(uri) for uri in uris], tmp_path / "home", Viewer(str(desktop.program)))
    [link] = links(desktop.opened()[0].split(" ", 1)[1])
    assert link.name == "02--ä_b.jpg" and link.readlink() == image
    assert "4 matches are left out" in capsys.readouterr().err


def test_web_addresses_are_opened_themselves(
    tmp_path: Path, desktop: Desktop, capsys: pytest.CaptureFixture[str]
) -> None:
    addresses = [f"https://example.org/{number}.jpg" for number in range(MOST_ADDRESSES + 1)]
    view([match(address) for address in addresses], tmp_path / "home", Viewer(str(desktop.program)))
    assert [line.split(" ")[-1] for line in desktop.opened()] == addresses[:MOST_ADDRESSES]
    assert f"first {MOST_ADDRESSES} of {len(addresses)}" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_links_of_earlier_searches_are_removed_and_images_stay(tmp_path: Path, desktop: Desktop) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(b"image")
    for _ in range(KEPT + 2):
        view([match(image)], tmp_path / "home", Viewer(str(desktop.program)))
    assert len(list((tmp_path / "home" / "shown").iterdir())) == KEPT
    assert image.read_bytes() == b"image"


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, desktop: Desktop) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(b"")
    with pytest.raises(PermanentError, match=r"a\.jpg/shown"):
        view([match(image)], image, Viewer(str(desktop.program)))

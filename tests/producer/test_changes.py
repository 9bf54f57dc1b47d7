"""Folders report their changes; everything else is looked at from time to time."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lookalike_producer import changes
from lookalike_producer.changes import Changes

SOON_S = 20.0


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "QUIET_S", 0.3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    (made / "sub").mkdir(parents=True)
    (made / "sub" / "a.jpg").write_bytes(b"x")
    return made


@pytest.fixture
def watched(folder: Path, tmp_path: Path) -> Iterator[Changes]:
    watched = Changes([str(folder)], None, tmp_path / "home")
    watched.begin(_fail)
    yield watched
    watched.close()


def _fail(note: str) -> None:
    raise AssertionError(note)


def ends(watched: Changes, act: Callable[[], object]) -> bool:
    """Whether `wait` ends because of what `act` does."""
    waiting = threading.Thread(target=watched.wait, daemon=True)
    waiting.start()
    act()
    waiting.join(SOON_S)
    return not waiting.is_alive()


def test_the_paths_that_have_changed_are_told(watched: Changes, folder: Path) -> None:
    new, old = folder / "sub" / "new.jpg", folder / "sub" / "a.jpg"
    new.write_bytes(b"x")
    old.rename(folder / "b.jpg")
    expected, told = {str(new), str(old), str(folder / "b.jpg")}, set[str]()
    while told != expected:
        # On a busy machine, they may be told one after the other.
        changed = watched.wait()
        assert changed is not None and changed <= expected
        told |= changed
    (folder / "c.jpg").touch()
    assert watched.wait() == frozenset({str(folder / "c.jpg")}), "what was told is told again"
    assert not watched.begin(_fail)


def test_names_that_are_not_utf_8_are_a_change_of_everything(watched: Changes, folder: Path) -> None:
    (folder / os.fsdecode(b"\xff.jpg")).touch()
    assert watched.wait() is None
    assert watched.begin(_fail), "the watch has ended, and begins again"
    (folder / "new.jpg").touch()
    assert watched.wait() == frozenset({str(folder / "new.jpg")})


def test_everything_is_looked_at_every_so_often_even_if_something_changes_all_the_time(
    folder: Path, tmp_path: Path
) -> None:
    watched = Changes([str(folder)], 1.5, tmp_path / "home")
    assert watched.begin(_fail)
    ended = threading.Event()

    def change() -> None:
        while not ended.wait(0.5):
            (folder / "a.jpg").write_bytes(os.urandom(8))

    changing = threading.Thread(target=change)
    changing.start()
    try:
        began = time.monotonic()
        told = [watched.wait()]
        while told[-1] is not None:
            told.append(watched.wait())
        assert time.monotonic() - began < SOON_S and set(told[:-1]) <= {frozenset({str(folder / "a.jpg")})}
    finally:
        ended.set()
        changing.join()
        watched.close()


def test_what_happens_in_a_folder_ends_the_wait(watched: Changes, folder: Path) -> None:
    (folder / "before.jpg").write_bytes(b"while the sources were compared")
    watched.wait()
    acts: list[Callable[[], object]] = [
        lambda: (folder / "sub" / "new.jpg").write_bytes(b"x"),
        lambda: (folder / "sub" / "a.jpg").write_bytes(b"y"),
        lambda: (folder / "sub" / "a.jpg").unlink(),
        lambda: (folder / "sub").rename(folder / "moved"),
        lambda: (folder / "moved" / "in a moved folder.jpg").write_bytes(b"x"),
        lambda: (folder / "new" / "deep").mkdir(parents=True),
    ]
    for number, act in enumerate(acts):
        assert ends(watched, act), number


def test_a_burst_is_one_change(watched: Changes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A busy machine may pause for a moment between two files.
    monkeypatch.setattr(changes, "QUIET_S", 2.0)

    def burst() -> None:
        for number in range(10_000):
            (folder / "sub" / f"{number}.jpg").touch()

    bursting = threading.Thread(target=burst)
    bursting.start()
    assert watched.wait() is None, "so many paths are not remembered"
    assert len(list((folder / "sub").iterdir())) == 10_001, "it ended before the burst did"
    bursting.join()


def test_our_own_files_are_no_change(folder: Path) -> None:
    (folder / "home").mkdir()
    watched = Changes([str(folder)], None, folder / "home")
    watched.begin(_fail)
    waiting = threading.Thread(target=watched.wait, daemon=True)
    waiting.start()
    (folder / "home" / "index").touch()
    waiting.join(1.5)
    assert waiting.is_alive()
    (folder / "a.jpg").touch()
    waiting.join(SOON_S)
    assert not waiting.is_alive()
    watched.close()


def test_a_folder_that_is_taken_away_and_comes_back_is_watched_again(watched: Changes, folder: Path) -> None:
    away = folder.with_name("away")
    assert ends(watched, lambda: folder.rename(away))
    watched.begin(_fail)
    assert ends(watched, lambda: away.rename(folder))
    watched.begin(_fail)
    assert ends(watched, (folder / "new.jpg").touch)


def test_what_reports_no_changes_is_looked_at_every_so_often(tmp_path: Path, folder: Path) -> None:
    listing = tmp_path / "l.txt"
    listing.write_text(f"{folder}/sub/a.jpg\n")
    watched = Changes([str(listing)], 0.5, tmp_path / "home")
    watched.begin(_fail)
    began = time.monotonic()
    watched.wait()
    assert 0.5 <= time.monotonic() - began < SOON_S
    assert Changes([str(listing)], None, tmp_path)._every_s == changes.EVERY_S
    assert Changes([str(folder)], None, tmp_path)._every_s == changes.EVERY_OF_FOLDERS_S

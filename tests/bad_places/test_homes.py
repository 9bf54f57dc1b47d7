"""A home that cannot be one is named in two lines by every command, and nothing is left of the attempt."""

import errno
import os
from pathlib import Path

import pytest

from lookalike.disk import NO_TEMPORARY, place_error
from lookalike.errors import AccessDenied, DiskFull
from lookalike.settings import read_settings
from testing.images import encoded
from testing.processes import processes
from tests.cli.inprocess import lookalike

#: One of each kind: reads the ledger, writes, searches, compares, exports, lists.
COMMANDS = ("status", "ingest .", "search photo.jpg", "sync .", "index export all.parquet", "demo", "doctor")
#: What the home is -> what every message says of it.
HOMES = {
    "file": "Not a directory",
    "file/below": "Not a directory",
    "nowhere": "No such file or directory",
    "loop": "Too many levels of symbolic links",
    "x" * 300: "is too long",
    "y/" * 2000: "is too long",
    "~nobody-has-this-name/home": "does not exist",
    "/": "is a folder of the system",
    "/var": "is a folder of the system",
}
#: Those that need a home: for a search in an empty one it is enough that there is no index.
WRITING = ("status", "ingest .", "demo", "doctor")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with things that are no folder, and an image file."""
    (tmp_path / "file").touch()
    (tmp_path / "photo.jpg").write_bytes(encoded("jpeg"))
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home[:12])
def test_a_home_that_cannot_be_one_is_named_by_every_command(place: Path, home: str) -> None:
    environment = {**os.environ, "LOOKALIKE_HOME": home}
    before = sorted(place.rglob("*"))
    for command in COMMANDS if home != "nowhere" else WRITING:
        done = lookalike(environment, *command.split(), code=None)
        told = (done.stdout if command == "doctor" else "") + done.stderr
        assert done.returncode != 0 and HOMES[home] in told, (command, told)
        assert "Unexpected" not in told and (command == "doctor" or told.count("\n") <= 2), (command, told)
    assert sorted(place.rglob("*")) == before and processes(place / home) == {}


def test_an_empty_setting_means_the_usual_home_and_not_the_working_folder(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(place / "data"))
    for given in ("", None):
        monkeypatch.setenv("LOOKALIKE_HOME", given) if given is not None else monkeypatch.delenv("LOOKALIKE_HOME")
        assert read_settings().home == place / "data" / "lookalike"


def test_a_working_folder_that_is_gone_is_named_if_the_home_is_relative_to_it(place: Path) -> None:
    gone = place / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    done = lookalike({**os.environ, "LOOKALIKE_HOME": "home"}, "status", code=2)
    assert "the working folder does not exist any more" in done.stderr
    assert lookalike({**os.environ, "LOOKALIKE_HOME": str(place / "home")}, "status").returncode == 0


def test_a_full_or_closed_disk_is_no_unexpected_error() -> None:
    assert isinstance(place_error(OSError(errno.ENOSPC, "No space left on device")), DiskFull)
    assert isinstance(place_error(OSError(errno.EDQUOT, "Disk quota exceeded", "/x")), DiskFull)
    closed = place_error(PermissionError(errno.EACCES, "Permission denied", "/x"))
    assert isinstance(closed, AccessDenied) and "/x" in str(closed)
    assert "TMPDIR" in str(place_error(FileNotFoundError(errno.ENOENT, f"{NO_TEMPORARY} found in ['/tmp']")))
    assert place_error(OSError(errno.EINVAL, "Invalid argument")) is place_error(ValueError("x")) is None

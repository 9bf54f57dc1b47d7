"""A folder is checked for writing before the work begins, and the check leaves nothing behind."""

import contextlib
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike import disk
from lookalike.errors import AccessDenied, DiskFull


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_folder_that_does_not_exist_yet_is_judged_by_its_parent(tmp_path: Path) -> None:
    assert disk.check_folder(tmp_path / "a" / "b", "advice") == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AccessDenied, match=f"Cannot write to {tmp_path}/file/home") as error:
        disk.check_folder(tmp_path / "file" / "home", "Choose another.")
    assert "Choose another." in str(error.value)


def test_little_space_is_reported_and_a_full_disk_is_rejected(small: Path) -> None:
    assert "MiB are free" in disk.check_folder(small, "advice")[0].what
    with contextlib.suppress(OSError), (small / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    with pytest.raises(DiskFull, match=f"No space left on the disk of {small}"):
        disk.check_folder(small, "advice")


def test_a_read_only_file_system_is_named(small: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    with pytest.raises(AccessDenied, match="Read-only file system"):
        disk.check_folder(small, "advice")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def wide(folder: Path) -> Path:
    """A folder as it was made before, or by a careless umask."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    return folder


def test_a_home_is_closed_to_other_users_also_if_it_existed(tmp_path: Path) -> None:
    home = wide(tmp_path / "home")
    for name in disk.PRIVATE:
        wide(home / name)
    (home / "models").mkdir(mode=0o755)
    (home / "bench-x").mkdir()
    disk.make_home_private(home)
    assert {mode(home), *(mode(home / name) for name in disk.PRIVATE)} == {0o700}
    assert mode(home / "models") == 0o755
    disk.make_home_private(tmp_path / "new")
    assert mode(tmp_path / "new") == 0o700


def test_a_home_with_other_things_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    home = wide(tmp_path / "shared")
    wide(home / "logs")
    (home / "letter.txt").touch()
    disk.make_home_private(home)
    assert (mode(home), mode(home / "logs")) == (0o777, 0o700)
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    disk.make_home_private(sticky)
    assert mode(sticky) == 0o1777


def test_a_log_can_be_read_by_its_user_only(tmp_path: Path) -> None:
    log = wide(tmp_path / "logs") / "worker.log"
    log.write_text("old")
    log.chmod(0o666)
    with disk.open_private(log) as opened:
        opened.write(b"new")
    assert (log.read_text(), mode(log), mode(log.parent)) == ("new", 0o600, 0o700)

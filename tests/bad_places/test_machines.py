"""What a machine does not allow is named before a job begins, and the same command works once it does."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.embedded.limits import LEAST_FILES, check_worker_limits
from lookalike.errors import AccessDenied, MachineExhausted
from lookalike.exhaustion import PANIC, machine_error
from lookalike.exit_codes import ExitCode
from testing.images import encoded
from testing.processes import LOOKALIKE, ROOT, lookalike, make_home, processes

#: What a shell does before the command -> what the message says.
LIMITS = {
    "ulimit -f 100": "files of at most 0.1 MiB",
    "ulimit -n 40": f"only 40 files at once; the embedded stack needs {LEAST_FILES}",
    "mount -t tmpfs -o ro,size=4k none /dev/shm": "Processes cannot share locks: Read-only file system",
}


@pytest.fixture
def environment(tmp_path: Path, model_home: Path) -> dict[str, str]:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(encoded("png"))
    return {**os.environ, "LOOKALIKE_HOME": str(make_home(tmp_path, model_home))}


def _in_own_mounts() -> list[str]:
    """The beginning of a command that may mount what others do not see."""
    return ["unshare", "--mount"] if subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0 else []


def test_a_limit_is_named_and_an_ingest_works_without_it(environment: dict[str, str], tmp_path: Path) -> None:
    images = str(tmp_path / "images")
    for limit, said in LIMITS.items():
        if limit.startswith("mount") and not _in_own_mounts():
            continue
        command = [*_in_own_mounts(), "bash", "-c", f'{limit} && exec "$@"', "-", *LOOKALIKE, "ingest", images]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
        )
        assert done.returncode == 1 and said in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 2
    assert processes(tmp_path / "home") == {}
    assert "1 found = 1 indexed" in lookalike(environment, "ingest", images).stdout
    # LanceDB needs more than ten files, and panics.
    command = ["bash", "-c", 'ulimit -n 10 && exec "$@"', "-", *LOOKALIKE, "list"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == ExitCode.UNAVAILABLE and "Traceback" not in done.stderr
    assert "too many open files" in done.stderr.splitlines()[-2], done.stderr


@pytest.fixture
def _without_temporary_folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nonexistent"])
    yield


@pytest.mark.usefixtures("_without_temporary_folders")
def test_a_machine_without_a_folder_for_temporary_files_is_told_to_set_one() -> None:
    with pytest.raises(AccessDenied, match=r"temporary files.*\nSet TMPDIR"):
        check_worker_limits()


def test_errors_without_a_number_blame_the_machine() -> None:
    for error in (
        RuntimeError("can't start new thread"),
        ImportError("libopenvino.so.2641: failed to map segment from shared object"),
        RuntimeError("Exception from src/inference/src/dev/plugin.cpp:54: Resource temporarily unavailable"),
        BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)),
        type(PANIC, (BaseException,), {})('Os { code: 24, message: "Too many open files" }'),
    ):
        assert isinstance(machine_error(error), MachineExhausted)
    assert machine_error(RuntimeError("another")) is machine_error(ValueError("can't start new thread")) is None


@pytest.mark.parametrize("module", ["_sqlite3", "_ssl", "_lzma", "_ctypes", "zlib"])
def test_a_python_without_one_of_its_modules_is_named(module: str, tmp_path: Path) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; sys.argv = ['lookalike', 'ingest', '.']\n"
    environment = {**os.environ, "LOOKALIKE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code + "from lookalike_cli.main import run; run()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"was built without its module {module}" in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 2

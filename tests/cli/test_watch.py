"""`sync --watch` follows a folder until somebody stops it."""

import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from lookalike.samples import draw_samples
from testing.processes import await_true, started, stop
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("sample")
    draw_samples(folder, per_class=1)
    return [path.read_bytes() for path in sorted(folder.rglob("*.*")) if path.is_file()]


class Lines:
    """The rounds that a command prints, as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.rounds: list[dict[str, Any]] = []
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.rounds.append(orjson.loads(line))

    def total(self, what: str) -> int:
        return sum(item[what] for item in self.rounds)

    def await_total(self, **totals: int) -> None:
        def is_there() -> bool:
            assert self._process.poll() is None, "the command has ended"
            return all(self.total(name) == total for name, total in totals.items())

        await_true(is_there)


@one_index
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_new_changed_moved_and_deleted_files_reach_the_index(
    environment: dict[str, str], tmp_path: Path, drawn: list[bytes], number: signal.Signals
) -> None:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    (folder / "kept.jpg").write_bytes(drawn[0])
    (folder / "sub" / "a.jpg").write_bytes(drawn[1])
    with started(environment, "sync", folder, "--watch", "--delete", "--yes", "--json") as process:
        lines = Lines(process)
        lines.await_total(indexed=2, deleted=0)
        (folder / "sub" / "new.jpg").write_bytes(drawn[2])
        lines.await_total(indexed=3, deleted=0)
        (folder / "sub" / "new.jpg").write_bytes(drawn[3])
        lines.await_total(indexed=4, deleted=0)
        (folder / "sub").rename(folder / "moved")
        lines.await_total(indexed=6, deleted=2)
        (folder / "moved" / "a.jpg").unlink()
        (folder / "text.jpg").write_text("no image")
        lines.await_total(indexed=6, deleted=3, rejected=1)
        _, stderr = stop(process, number)
    assert process.returncode == 1 and "Stopped." in stderr and "Traceback" not in stderr
    assert lookalike(environment, "verify", folder).returncode == 0


@one_index
def test_what_cannot_be_watched_is_a_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    for arguments in (("-",), (tmp_path / "nowhere",), (tmp_path, "--dry-run")):
        done = lookalike(environment, "sync", "--watch", *arguments, code=1)
        assert 1 <= len(done.stderr.strip().splitlines()) <= 2

"""The worker of an embedded stack loads while the broker starts, and connects when the ledger is in order."""

import os
from contextlib import suppress
from pathlib import Path

from lookalike import launch
from lookalike.embedded import restarted
from lookalike.embedded.process import GuardedProcess
from lookalike.embedded.redis_server import broker_url
from lookalike.embedded.starting import await_started, starting
from testing.processes import await_true, processes

#: What Celery logs when it cannot connect, as here, where no broker answers.
CONNECTING = "Cannot connect to"


def test_a_worker_connects_only_when_the_stack_has_started(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    variables = {"LOOKALIKE_HOME": str(tmp_path), "LOOKALIKE_BROKER_URL": broker_url(tmp_path)}
    command = launch.command("lookalike_worker", "--concurrency", "1")

    def start() -> GuardedProcess:
        return GuardedProcess("worker", command, log=tmp_path / "log", grace_s=5, env=variables)

    with restarted(start) as worker:
        with starting(tmp_path):
            await_true(lambda: opens(tmp_path / "run" / "starting.lock", tmp_path), 60)
            assert CONNECTING not in worker.process.tail()
        await_true(lambda: CONNECTING in worker.process.tail(), 60)


def opens(path: Path, home: Path) -> bool:
    """Whether a worker of this home has opened the file."""
    for pid, line in processes(home).items():
        if "-m lookalike_worker" in line:
            with suppress(OSError):
                if str(path) in map(os.readlink, Path(f"/proc/{pid}/fd").iterdir()):
                    return True
    return False


def test_a_worker_of_another_home_does_not_wait(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with starting(tmp_path):
        await_started(tmp_path / "other")

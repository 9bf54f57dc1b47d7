"""A real worker with one child process, and the child's memory as the kernel reports it."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from lookalike import embedding, factories
from lookalike.ledger import Ledger
from lookalike.queue import make_app
from lookalike.settings import Settings, read_settings
from testing.processes import worker_processes
from testing.services.process import ServerProcess
from testing.worker_harness import WorkerHarness

READY_TIMEOUT_S = 120.0
#: The largest images take half a minute each on a slow core.
TIME_LIMIT_S = 900


class Child:
    """The only child process of a worker."""

    def __init__(self, home: Path) -> None:
        (self._pid,) = worker_processes(home)[1]

    @property
    def resident_mib(self) -> float:
        return self._mib("VmRSS")

    @property
    def peak_mib(self) -> float:
        return self._mib("VmHWM")

    def forget_peak(self) -> None:
        # 5 sets the peak to what is resident now (proc(5), clear_refs).
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")

    def _mib(self, field: str) -> float:
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def _ensure_index(settings: Settings) -> None:
    """Builds the model in this process, so that the child's peak memory does not include the compiler."""
    index = factories.open_index(settings)
    index.ensure(embedding.identify(factories.model_spec(settings), settings.home))
    index.close()


@contextmanager
def running_worker(
    broker_url: str, home: Path, root: Path, name: str, limits: dict[str, str]
) -> Iterator[WorkerHarness]:
    """A worker with one process under these limits, and a new, empty index."""
    limits_set = {name.removeprefix("LOOKALIKE_").lower(): value for name, value in limits.items()}
    settings = read_settings(home=home, broker_url=broker_url, roots=(root,), index=name, **limits_set)
    _ensure_index(settings)
    folder = root.parent / f"worker-{name}"
    folder.mkdir()
    chosen = {"LOOKALIKE_HOME": str(home), "LOOKALIKE_BROKER_URL": broker_url, "LOOKALIKE_CONCURRENCY": "1", **limits}
    environment = [f"{name}={value}" for name, value in {**chosen, "LOOKALIKE_TIME_LIMIT_S": str(TIME_LIMIT_S)}.items()]
    command = [shutil.which("env") or "/usr/bin/env", *environment, sys.executable, "-P", "-m", "lookalike_worker"]
    worker = ServerProcess(command, folder)
    with redis.Redis.from_url(broker_url) as client, make_app(broker_url) as app:
        ledger = Ledger(broker_url)
        bench = WorkerHarness(settings, root, app, ledger, client, worker)
        try:
            worker.await_ready(lambda: "ready." in bench.log, READY_TIMEOUT_S)
            yield bench
        finally:
            worker.stop()
            ledger.close()

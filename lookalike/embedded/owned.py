"""The embedded stack that this process has started: a private Redis and a worker."""

import time
from functools import partial
from pathlib import Path

from lookalike import launch
from lookalike.embedded.process import GuardedProcess
from lookalike.embedded.redis_server import broker_url, redis_command
from lookalike.embedded.restarting import RestartedProcess
from lookalike.errors import BrokerUnavailable, PermanentError
from lookalike.ledger import Ledger
from lookalike.settings import Settings

#: Longest wait for the private Redis, which reads its append-only file when it starts.
START_TIMEOUT_S = 60.0
#: A chunk takes seconds; after a longer wait the next run repeats it.
WORKER_GRACE_S = 15.0
REDIS_GRACE_S = 10.0
POLL_S = 0.02


class Stack:
    """A broker, and the processes that a command needs beside it."""

    def __init__(self, url: str, *, is_embedded: bool) -> None:
        self.broker_url = url
        self.is_embedded = is_embedded
        self.is_owner = False

    def check(self) -> None:
        """Raises PermanentError if a needed process cannot be kept running."""


class OwnedStack(Stack):
    """The embedded stack, started by this process."""

    def __init__(self, settings: Settings, owner_lock: int) -> None:
        """`owner_lock` is the descriptor of the locked file; child processes inherit it."""
        super().__init__(broker_url(settings.home), is_embedded=True)
        self.is_owner = True
        self._settings = settings
        self._owner_lock = owner_lock
        self._worker: RestartedProcess | None = None
        self._redis = self._start("broker", redis_command(settings.home), REDIS_GRACE_S)

    def await_broker(self) -> None:
        """Wait for the private Redis. Raises PermanentError if it does not start."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers(self.broker_url):
            if not self._redis.is_running or time.monotonic() > deadline:
                what = f"The embedded broker does not start: {self._redis.tail()}"
                raise PermanentError(what, f"See {self._redis.log}.")
            time.sleep(POLL_S)

    def start_worker(self) -> None:
        """Start the worker, which `check` restarts when it ends."""
        command = launch.command("lookalike_worker", "--concurrency", str(self._settings.processes))
        self._worker = RestartedProcess(partial(self._start, "worker", command, WORKER_GRACE_S))

    def check(self) -> None:
        """Restart a worker that has ended; the chunk it worked on is repeated. Raises PermanentError."""
        if not self._redis.is_running:
            raise PermanentError(f"The embedded broker ended: {self._redis.tail()}", f"See {self._redis.log}.")
        if self._worker is not None:
            self._worker.check()

    def dismiss_worker(self) -> None:
        """Kill an idle worker: Celery takes seconds for an orderly end, and an idle worker has nothing to finish."""
        if self._worker is not None:
            self._worker.stop(at_once=True)

    def stop(self) -> None:
        """Stop worker and broker in order."""
        if self._worker is not None:
            self._worker.stop()
        self._redis.stop()

    def _start(self, name: str, command: list[str], grace_s: float) -> GuardedProcess:
        # Settings that were given in Python are not in the environment.
        env = self._settings.variables() | {
            "LOOKALIKE_BROKER_URL": self.broker_url,
            "LOOKALIKE_HOME": str(self._settings.home),
            "LOOKALIKE_INDEX_URL": self._settings.index_location,
        }
        log = self._settings.home / "logs" / f"{name}.log"
        return GuardedProcess(name, command, log=log, grace_s=grace_s, env=env, inherited=self._owner_lock)


def answers(url: str) -> bool:
    """Whether the broker at `url` answers."""
    ledger = Ledger(url)
    try:
        ledger.ping()
    except BrokerUnavailable:
        return False
    finally:
        ledger.close()
    return True


def worker_marker(run: Path) -> Path:
    """The file that exists in the run folder while the running stack has a worker."""
    return run / "worker"

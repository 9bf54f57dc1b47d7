"""The stack a command runs on: the configured broker, the embedded one that runs, or our own for as long as we run.

One process owns the embedded stack (a private Redis and, unless only the ledger is read, a worker). It ends with its
owner, however that ends; an orderly end waits for the commands that joined it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lookalike import launch
from lookalike.broker import broker_location
from lookalike.disk import check_folder, write_error
from lookalike.embedded.lock import FileLock, opened
from lookalike.embedded.process import GuardedProcess
from lookalike.embedded.redis_server import broker_url, redis_command
from lookalike.errors import BrokerUnavailable, LookalikeError, PermanentError
from lookalike.ledger import Ledger
from lookalike.preflight import check_roots
from lookalike.settings import Settings

#: Longest wait for the private Redis: it reads its log of all writes when it starts.
START_TIMEOUT_S = 60.0
#: A chunk takes seconds; what a longer wait could save is repeated by the next run anyway.
WORKER_GRACE_S = 15.0
REDIS_GRACE_S = 10.0
HOME_ADVICE = "Set LOOKALIKE_HOME to a folder of yours."
#: A worker that dies this often in one run has a reason that a restart does not cure.
MAX_RESTARTS = 5


class Stack:
    """Where the broker is, and the processes of ours that must be running."""

    def __init__(self, url: str, *, is_embedded: bool) -> None:
        self.broker_url = url
        self.is_embedded = is_embedded
        self.is_owner = False

    def check(self) -> None:
        """Raises PermanentError if a process that the work needs is gone for good."""


class OwnedStack(Stack):
    """The embedded stack, started by us."""

    def __init__(self, settings: Settings, hold: int) -> None:
        super().__init__(broker_url(settings.home), is_embedded=True)
        self.is_owner = True
        self._home = settings.home
        self._settings = settings
        self._processes = settings.processes
        self._hold = hold
        self._restarts = 0
        self._worker: GuardedProcess | None = None
        self._redis = self._leash("broker", redis_command(self._home), REDIS_GRACE_S)

    def await_broker(self) -> None:
        """Raises PermanentError if the private Redis does not come up."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _answers(self.broker_url):
            if not self._redis.is_running or time.monotonic() > deadline:
                raise PermanentError(
                    f"The embedded broker does not start: {self._redis.tail()}", f"See {self._redis.log}."
                )
            time.sleep(0.02)

    def start_worker(self) -> None:
        command = launch.command("lookalike_worker", "--concurrency", str(self._processes))
        self._worker = self._leash("worker", command, WORKER_GRACE_S)

    def check(self) -> None:
        """Start a worker that died again; the work it held is repeated."""
        if not self._redis.is_running:
            raise PermanentError(f"The embedded broker ended: {self._redis.tail()}", f"See {self._redis.log}.")
        if self._worker is None or self._worker.is_running:
            return
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            raise PermanentError(f"The worker keeps ending: {self._worker.tail()}", f"See {self._worker.log}.")
        self.start_worker()

    def dismiss_worker(self) -> None:
        """End an idle worker at once: an orderly end takes Celery seconds, and there is nothing to put in order."""
        if self._worker is not None:
            self._worker.stop(at_once=True)

    def stop(self) -> None:
        if self._worker is not None and self._worker.is_running:
            self._worker.stop()
        self._redis.stop()

    def _leash(self, name: str, command: list[str], grace_s: float) -> GuardedProcess:
        # Those that were chosen in Python stand in no environment.
        env = self._settings.variables() | {
            "LOOKALIKE_BROKER_URL": self.broker_url,
            "LOOKALIKE_HOME": str(self._home),
            "LOOKALIKE_INDEX_URL": self._settings.index_location,
        }
        log = self._home / "logs" / f"{name}.log"
        return GuardedProcess(name, command, log=log, grace_s=grace_s, env=env, hold=self._hold)


@contextmanager
def open_stack(
    settings: Settings, *, with_worker: bool = True, check: Callable[[], None] = lambda: None
) -> Iterator[Stack]:
    """The stack to work on; `check` may refuse before one is started. Raises PermanentError, AccessDenied, DiskFull."""
    if (url := broker_location(settings)) is not None:
        check()
        yield Stack(url, is_embedded=False)
        return
    run = _run_folder(settings.home)
    with opened(run / "owner.lock") as owner, opened(run / "users.lock") as users:
        if _own_or_join(owner, users, run, settings, with_worker):
            check()
            if with_worker:
                # It would refuse to start as well, and be started again and again.
                check_roots(settings)
            with _owned(settings, owner, users, run, with_worker) as stack:
                yield stack
        else:
            yield Stack(broker_url(settings.home), is_embedded=True)


@contextmanager
def _owned(settings: Settings, owner: FileLock, users: FileLock, run: Path, with_worker: bool) -> Iterator[Stack]:
    with ExitStack() as ending:
        stack = OwnedStack(settings, owner.descriptor)
        ending.callback(stack.stop)
        stack.await_broker()
        if with_worker:
            stack.start_worker()
            _mark(run).touch()
            ending.callback(_mark(run).unlink, missing_ok=True)
        yield stack
        # Only after an orderly end: others may be using the stack that we started. From here on nobody joins.
        _mark(run).unlink(missing_ok=True)
        users.wait_exclusive()
        stack.dismiss_worker()


def _own_or_join(owner: FileLock, users: FileLock, run: Path, settings: Settings, with_worker: bool) -> bool:
    """True to start our own stack, False to use the one that runs."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not owner.try_exclusive():
        users.share()
        # Looked at after we count as a user, so that the owner cannot have decided to end in between.
        if (_mark(run).exists() or not with_worker) and _answers(broker_url(settings.home)):
            return False
        users.release()
        if time.monotonic() > deadline:
            advice = f"Stop it, or use another LOOKALIKE_HOME than {settings.home}."
            raise PermanentError("Another lookalike holds the embedded stack, but does not answer.", advice)
        time.sleep(0.05)
    _mark(run).unlink(missing_ok=True)
    return True


def _mark(run: Path) -> Path:
    """There while the running stack has a worker."""
    return run / "worker"


def _answers(url: str) -> bool:
    ledger = Ledger(url)
    try:
        ledger.ping()
    except BrokerUnavailable:
        return False
    finally:
        ledger.close()
    return True


def _run_folder(home: Path) -> Path:
    run = home / "run"
    check_folder(home, HOME_ADVICE)
    try:
        run.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise home_error(home, error) from error
    return run


def home_error(home: Path, error: OSError) -> LookalikeError:
    """What it means that something under the home cannot be written."""
    return write_error(home, error, HOME_ADVICE)

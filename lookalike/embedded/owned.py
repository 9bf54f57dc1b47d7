"""The embedded stack that this process has started: a private Redis and a worker, which it keeps running."""

import threading
import time
from contextlib import closing
from functools import partial
from pathlib import Path

from lookalike import launch
from lookalike.embedded.broker import POLL_S, answers, start_broker, why_ended
from lookalike.embedded.process import GuardedProcess
from lookalike.embedded.redis_server import broker_url
from lookalike.embedded.restarting import RestartedProcess
from lookalike.embedded.starting import starting
from lookalike.errors import BrokerUnavailable, LookalikeError, PermanentError, Unavailable
from lookalike.ledger import Ledger
from lookalike.settings import Settings

#: Longest wait for the private Redis, which reads its append-only file when it starts.
START_TIMEOUT_S = 60.0
#: A chunk takes seconds; after a longer wait the next run repeats it.
WORKER_GRACE_S = 15.0
#: Between two looks at the processes.
CHECK_EVERY_S = 0.2


class Stack:
    """A broker, and the processes that a command needs beside it."""

    def __init__(self, url: str, *, is_embedded: bool) -> None:
        self.broker_url = url
        self.is_embedded = is_embedded

    @property
    def is_owner(self) -> bool:
        """Whether broker and worker end with this process."""
        return False

    def check(self) -> None:
        """Raises LookalikeError if a needed process cannot be kept running."""


class OwnedStack(Stack):
    """The embedded stack, started by this process. A thread restarts what has ended."""

    def __init__(self, settings: Settings, owner_lock: int) -> None:
        """`owner_lock` is the descriptor of the locked file; the guards of the processes inherit it."""
        super().__init__(broker_url(settings.home), is_embedded=True)
        self._settings = settings
        self._owner_lock = owner_lock
        self._ending = threading.Event()
        self._failure: LookalikeError | None = None
        self._worker: RestartedProcess | None = None
        self._broker = RestartedProcess(partial(start_broker, settings, owner_lock, self._variables()), self._check_why)
        self._watch = threading.Thread(target=self._keep_running, daemon=True)

    @property
    def is_owner(self) -> bool:
        return True

    def start(self, *, with_worker: bool) -> None:
        """Wait for the private Redis; the worker starts beside it, and works when the ledger is in order.

        Raises LookalikeError if Redis does not start.
        """
        with starting(self._settings.home):
            if with_worker:
                self._worker = RestartedProcess(self._start_worker, before_restart=self._take_back)
            self._await_broker()
            with closing(Ledger(self.broker_url)) as ledger:
                ledger.settle(self._settings.home)
                ledger.end_bound_jobs()
            if with_worker:
                self._take_back()
        self._watch.start()

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._ending.is_set():
            raise PermanentError("The embedded stack was stopped while it was in use.", "Run the same command again.")

    def dismiss_worker(self) -> None:
        """Kill an idle worker: Celery takes seconds for an orderly end, and an idle worker has nothing to finish."""
        if self._worker is not None:
            self._worker.stop(at_once=True)

    def stop(self) -> None:
        """Stop worker and broker in order, and end the jobs of this process in between."""
        self._ending.set()
        if self._watch.ident is not None:
            self._watch.join()
        if self._worker is not None:
            # Without Redis it could not end in order.
            self._worker.stop(at_once=self._failure is not None)
        self._end_jobs()
        self._broker.stop()

    def _keep_running(self) -> None:
        """In a thread: calls of the owner may wait for the broker, or do something else for hours."""
        while not self._ending.wait(CHECK_EVERY_S):
            try:
                self._broker.check()
                if self._worker is not None:
                    self._worker.check()
            except (Unavailable, OSError):
                # The worker is restarted when Redis answers again: it needs what the killed one had. And a machine
                # that is out of processes or descriptors may have some soon.
                continue
            except LookalikeError as error:
                self._failure = error
                return

    def _await_broker(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers(self.broker_url) and not self._ending.is_set():
            self._check_start(deadline)
            time.sleep(POLL_S)

    def _check_start(self, deadline: float) -> None:
        """Raises LookalikeError if the private Redis has ended, or takes too long."""
        process = self._broker.process
        if not process.is_running:
            raise why_ended(process, self._settings.home) or PermanentError(
                f"The embedded broker does not start: {process.ended()}.", f"See {process.log}."
            )
        if time.monotonic() > deadline:
            what = f"The embedded broker does not answer {START_TIMEOUT_S:.0f} s after its start."
            raise PermanentError(what, f"See {process.log}.")

    def _check_why(self) -> None:
        """Raises LookalikeError if a restart of Redis cannot help."""
        if error := why_ended(self._broker.process, self._settings.home):
            raise error

    def _take_back(self) -> None:
        """Send again what the worker that has ended had, at once: there is no other. Raises BrokerUnavailable."""
        with closing(Ledger(self.broker_url)) as ledger:
            if not ledger.active_jobs():
                # Celery takes a while to import and to connect, and at the first start there is nothing to take back.
                return
            from lookalike.queue import make_app
            from lookalike.reconciler import take_back

            with make_app(self.broker_url) as app:
                take_back(ledger, app)

    def _end_jobs(self) -> None:
        """A job that this process waited for ends with it; an ended Redis leaves that to the next start."""
        try:
            with closing(Ledger(self.broker_url)) as ledger:
                ledger.end_bound_jobs()
        except BrokerUnavailable:
            return

    def _start_worker(self) -> GuardedProcess:
        # The worker knows itself how many processes are fastest, and what is set.
        command = launch.command("lookalike_worker")
        log = self._settings.home / "logs" / "worker.log"
        return GuardedProcess(
            "worker", command, log=log, grace_s=WORKER_GRACE_S, env=self._variables(), inherited=self._owner_lock
        )

    def _variables(self) -> dict[str, str]:
        # Settings that were given in Python are not in the environment.
        return self._settings.variables() | {
            "LOOKALIKE_BROKER_URL": self.broker_url,
            "LOOKALIKE_HOME": str(self._settings.home),
            "LOOKALIKE_INDEX_URL": self._settings.index_location,
        }


def worker_marker(run: Path) -> Path:
    """The file that exists in the run folder while the running stack has a worker."""
    return run / "worker"

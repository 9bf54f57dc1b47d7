"""How a worker stops: its chunks end first, for a limited time, whichever of the signals to stop it gets."""

import logging
import mmap
import os
import select
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from celery import Celery, platforms
from celery.apps import worker as celery_worker
from celery.worker import state

from lookalike.errors import WorkerStopping

logger = logging.getLogger(__name__)

#: The signals of systemd and containers, of Celery's soft shutdown, and of a terminal.
SIGNALS = ("SIGTERM", "SIGQUIT", "SIGINT")
#: So long a worker that stops waits for images of other hosts.
FETCHES_S = 10.0
#: After its processes are killed, the worker returns their messages to the queue, unless the broker is away as well.
RETURN_S = 10.0
FORCED_EXIT_CODE = 1


class Hurry:
    """Tells the processes of a worker to wait for no more images: in memory that they share, because they are forked
    after this was made."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def begin(self) -> None:
        self._memory[0] = 1

    def check(self) -> None:
        """Raises WorkerStopping."""
        if self._memory[0]:
            raise WorkerStopping


def stop_in_order(app: Celery, hurry: Hurry) -> None:
    """Make the workers of this app stop as `Worker` does."""
    app.Worker = app.subclass_with_self(Worker, hurry=hurry)


class Worker(celery_worker.Worker):  # type: ignore[misc]
    """Celery's worker, which on a signal takes no further chunk, ends those that run, and then exits.

    Celery's own soft shutdown sleeps for its whole time limit, although chunks end in a second. A chunk of which images
    are still on their way after `FETCHES_S` goes back to the queue. A second signal, or the end of
    `worker_soft_shutdown_timeout`, kills the processes; their chunks are sent again.
    """

    hurry: Hurry

    def emit_banner(self) -> None:
        # A full disk or a closed pipe takes no banner; the worker works all the same.
        with suppress(OSError):
            super().emit_banner()

    def install_platform_tweaks(self, worker: Any) -> None:
        super().install_platform_tweaks(worker)
        stop = _Stop(worker, self.hurry, Received())
        for name in SIGNALS:
            platforms.signals[name] = stop.on_signal


class Received:
    """Counts the signals to stop, for a thread that is not the main one.

    Python runs a signal's handler in the main thread only, and between two instructions. A signal that comes right
    before that thread begins to wait for another one does not end its wait, and its handler does not run. The byte of
    `signal.set_wakeup_fd` is written all the same. Must be made in the main thread.
    """

    def __init__(self) -> None:
        self._numbers = {getattr(signal, name) for name in SIGNALS}
        self._count = 0
        self._reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        # A child's signals are its own.
        os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))

    def await_second(self, timeout_s: float) -> bool:
        """Whether two signals have come at the end of `timeout_s`; returns as soon as they have."""
        deadline = time.monotonic() + timeout_s
        while self._count < 2 and select.select([self._reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
            self._count += sum(number in self._numbers for number in os.read(self._reader, 256))
        return self._count > 1


class _Stop:
    """The stop of one worker."""

    def __init__(self, worker: Any, hurry: Hurry, received: Received) -> None:
        self._worker = worker
        self._hurry = hurry
        self._received = received
        self._limit_s = float(worker.app.conf.worker_soft_shutdown_timeout)

    def on_signal(self, *_: object) -> None:
        """Runs in the main thread between two instructions, so it logs nothing and waits for nothing."""
        if state.should_stop is None:
            state.should_stop = os.EX_OK
            threading.Thread(target=self._end_after_limit, daemon=True).start()

    def _end_after_limit(self) -> None:
        """In a daemon thread, which ends with the worker if its chunks end in time."""
        logger.info("Stopping: running chunks end first, for at most %.0f s.", self._limit_s)
        if not self._received.await_second(FETCHES_S):
            self._hurry.begin()
            self._received.await_second(self._limit_s - FETCHES_S)
        logger.warning("Chunks that still run are stopped now; they are sent again.")
        self._kill_processes()
        time.sleep(RETURN_S)
        os._exit(FORCED_EXIT_CODE)

    def _kill_processes(self) -> None:
        for process in tuple(getattr(getattr(self._worker.pool, "_pool", None), "_pool", ())):
            if process.pid and process.is_alive():
                os.kill(process.pid, signal.SIGKILL)

"""A thread in the worker's main process: resends lost messages, and exits if the worker stalls."""

import logging
import os
import threading
import time
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from celery.worker import state

from lookalike.errors import LookalikeError
from lookalike.ledger import Ledger
from lookalike.queue import queued_ids
from lookalike.reconciler import Reconciler

logger = logging.getLogger(__name__)

EVERY_S = 5.0
#: EX_SOFTWARE (sysexits.h); the supervisor then restarts the worker.
STALLED_EXIT_CODE = 70
STALLED = "No message consumed for %.0f s although the queue is not empty; exiting so that the supervisor restarts it."


def start_watchdog(app: Celery, broker_url: str, stalled_after_s: float) -> None:
    """Start the thread once the worker is ready; it ends with the process.

    An idle worker consumes a message within milliseconds. One that does not has lost its connection without noticing
    (celery#8030), although it still answers `ping`.
    """

    @worker_ready.connect(weak=False)
    def start(sender: Any, **_: object) -> None:
        arguments = (app, Ledger(broker_url), stalled_after_s, sender.hostname)
        threading.Thread(target=_run, args=arguments, daemon=True).start()


def _run(app: Celery, ledger: Ledger, stalled_after_s: float, name: str) -> None:
    reconciler = Reconciler(ledger, app)
    consumption = Consumption(stalled_after_s)
    while True:
        time.sleep(EVERY_S)
        try:
            ledger.renew_worker(name)
            reconciler.resend_lost()
            is_stalled = consumption.is_stalled(has_messages=bool(queued_ids(app)))
        except LookalikeError as error:
            logger.warning("The watchdog waits: %s", str(error).splitlines()[0])
            consumption.reset()
            continue
        except Exception:
            # No error may end the thread: a worker without a watchdog would look healthy.
            logger.exception("The watchdog failed; it continues")
            continue
        if is_stalled:
            logger.critical(STALLED, stalled_after_s)
            os._exit(STALLED_EXIT_CODE)


class Consumption:
    """Whether this worker consumes messages while the queue has some."""

    def __init__(self, stalled_after_s: float) -> None:
        self._stalled_after_s = stalled_after_s
        self.reset()

    def reset(self) -> None:
        self._taken = _taken()
        self._since = time.monotonic()

    def is_stalled(self, *, has_messages: bool) -> bool:
        """True if for `stalled_after_s` the queue was not empty, and the worker was idle and consumed nothing."""
        if not has_messages or state.reserved_requests or _taken() != self._taken:
            self.reset()
        return time.monotonic() - self._since >= self._stalled_after_s


def _taken() -> int:
    return sum(state.total_count.values())

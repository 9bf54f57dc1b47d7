"""Upkeep beside the work, in the worker's main process: lost messages are sent again, and a deaf worker ends itself."""

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
#: EX_SOFTWARE: for the supervisor, which starts the worker again.
STALLED_EXIT_CODE = 70


def start_watchdog(app: Celery, broker_url: str, stalled_after_s: float) -> None:
    """Start the upkeep once the worker is ready; its thread ends with the process.

    An idle worker takes a message within milliseconds; one that leaves them lying has lost its connection without
    noticing (celery#8030 and its kin), and answers `ping` all the same.
    """

    @worker_ready.connect(weak=False)
    def start(sender: Any, **_: object) -> None:
        parts = (app, Ledger(broker_url), stalled_after_s, sender.hostname)
        threading.Thread(target=_run, args=parts, daemon=True).start()


def _run(app: Celery, ledger: Ledger, stalled_after_s: float, name: str) -> None:
    reconciler = Reconciler(ledger, app)
    hearing = Consumption(stalled_after_s)
    while True:
        time.sleep(EVERY_S)
        try:
            ledger.renew_worker(name)
            reconciler.resend_lost()
            deaf = hearing.is_lost(has_messages=bool(queued_ids(app)))
        except LookalikeError as error:
            logger.warning("Upkeep waits: %s", str(error).splitlines()[0])
            hearing.reset()
            continue
        except Exception:
            # Whatever it is must not end the thread: an unkept worker would look healthy.
            logger.exception("Upkeep failed and goes on")
            continue
        if deaf:
            logger.critical(
                "Messages wait, and this worker has taken none for %.0f s: it ends itself.", stalled_after_s
            )
            os._exit(STALLED_EXIT_CODE)


class Consumption:
    """Whether this worker takes messages while there are any."""

    def __init__(self, stalled_after_s: float) -> None:
        self._deaf_after_s = stalled_after_s
        self.reset()

    def reset(self) -> None:
        self._taken = _taken()
        self._since = time.monotonic()

    def is_lost(self, *, has_messages: bool) -> bool:
        """True once messages have waited for `stalled_after_s` in which the worker was idle and took none."""
        if not has_messages or state.reserved_requests or _taken() != self._taken:
            self.reset()
        return time.monotonic() - self._since >= self._deaf_after_s


def _taken() -> int:
    return sum(state.total_count.values())

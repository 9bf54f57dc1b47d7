"""A thread in the worker's main process: resends lost messages, and exits if the worker stalls."""

import logging
import os
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from celery.worker import state

from lookalike.errors import LookalikeError
from lookalike.ledger import Ledger
from lookalike.messages import MessageInvalid
from lookalike.queue import queued_ids
from lookalike.reconciler import Reconciler

logger = logging.getLogger(__name__)

EVERY_S = 5.0
#: EX_SOFTWARE (sysexits.h); the supervisor then restarts the worker.
STALLED_EXIT_CODE = 70
STALLED = "%s; exiting so that the supervisor restarts it."


def start_watchdog(app: Celery, broker_url: str, stalled_after_s: float, time_limit_s: float) -> None:
    """Start the thread once the worker is ready; it ends with the process.

    An idle worker consumes a message within milliseconds. One that does not has lost its connection without noticing
    (celery#8030), although it still answers `ping`. A process takes the message that the worker holds for it as soon;
    one that does not is frozen, and no time limit runs, because Celery's begins when the process takes it.
    """

    @worker_ready.connect(weak=False)
    def start(sender: Any, **_: object) -> None:
        progress = Progress(sender, stalled_after_s, time_limit_s)
        arguments = (app, Ledger(broker_url), progress, sender.hostname)
        threading.Thread(target=_run, args=arguments, daemon=True).start()


def _run(app: Celery, ledger: Ledger, progress: "Progress", name: str) -> None:
    reconciler = Reconciler(ledger, app)
    while True:
        time.sleep(EVERY_S)
        try:
            _renew(ledger, name)
            reconciler.resend_lost()
            stall = progress.stall(has_messages=bool(queued_ids(app)))
        except LookalikeError as error:
            logger.warning("The watchdog waits: %s", str(error).splitlines()[0])
            progress.reset()
            continue
        except Exception:
            # No error may end the thread: a worker without a watchdog would look healthy.
            logger.exception("The watchdog failed; it continues")
            continue
        if stall and state.should_stop is None:
            logger.critical(STALLED, stall)
            os._exit(STALLED_EXIT_CODE)


def _renew(ledger: Ledger, name: str) -> None:
    """The heartbeat; a damaged list of workers is no reason to resend nothing and to watch nothing."""
    try:
        ledger.renew_worker(name)
    except MessageInvalid as error:
        logger.warning("This worker cannot report itself: %s", error)


class Progress:
    """Whether this worker works on the messages that wait in the queue and on those that it holds.

    `consumer` is Celery's. Not safe to share between threads.
    """

    def __init__(self, consumer: Any, stalled_after_s: float, time_limit_s: float) -> None:
        self._consumer = consumer
        self._stalled_after_s = stalled_after_s
        self._longest_s = time_limit_s + stalled_after_s
        self._running: dict[str, float] = {}
        self.reset()

    def reset(self) -> None:
        self._taken = _taken()
        self._since = time.monotonic()

    def stall(self, *, has_messages: bool) -> str:
        """Why the worker counts as stalled; "" if it does not."""
        now = time.monotonic()
        self._running = {id: self._running.get(id, now) for id in _running_ids()}
        # Celery kills a process at the time limit; if it does not, its timers have stopped.
        if any(now - since >= self._longest_s for since in self._running.values()):
            return f"A chunk runs since {self._longest_s:.0f} s, longer than the time limit"
        held = held_count(self._consumer)
        if not (has_messages or held) or self._running or _taken() != self._taken:
            self.reset()
        if now - self._since < self._stalled_after_s:
            return ""
        where = f"it holds {held}" if held else "the queue is not empty"
        return f"No message was worked on for {self._stalled_after_s:.0f} s although {where}"


def held_count(consumer: Any) -> int:
    """The messages that this worker has taken and not acknowledged, without those that wait for their time.

    All that Celery has received, whatever became of it: some states of a message are in none of Celery's sets.
    """
    channel = getattr(consumer.task_consumer, "channel", None)
    if channel is None:
        return 0
    unacknowledged: int = len(channel.qos._delivered) - len(channel.qos._dirty)
    now = datetime.now(UTC)
    waiting = sum(request.eta is not None and request.eta > now for request in _copied(state.scheduled_requests))
    return max(0, unacknowledged - int(waiting))


def _running_ids() -> set[str]:
    return {str(request.id) for request in _copied(state.active_requests)}


def _copied(requests: Iterable[Any]) -> list[Any]:
    """A copy of one of Celery's sets, which the main thread changes meanwhile."""
    while True:
        try:
            return list(requests)
        except RuntimeError:  # it changed during the copy
            continue


def _taken() -> int:
    return sum(state.total_count.values())

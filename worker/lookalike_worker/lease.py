"""Renews the lease of a chunk, or of the end of a job, while an attempt runs."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context

from lookalike.envelope import finish_id
from lookalike.errors import BrokerUnavailable
from lookalike.ledger import Ledger
from lookalike.ledger.chunks import LEASE_S
from lookalike.retry import retry_while

logger = logging.getLogger(__name__)

#: A chunk or image whose process died this often is rejected.
MAX_ATTEMPTS = 3


@contextmanager
def hold_end(ledger: Ledger, job_id: str) -> Iterator[None]:
    """Lease the end of a job, so that its message is not sent again meanwhile. Raises ChunkLeased."""
    task_id = finish_id(job_id)
    retry_while(lambda: ledger.hold_end(task_id))
    try:
        with keep_lease(ledger, task_id):
            yield
    finally:
        # If the broker is away the lease ends by itself.
        with suppress(BrokerUnavailable):
            ledger.release_end(task_id)


@contextmanager
def keep_lease(ledger: Ledger, chunk_id: str) -> Iterator[None]:
    """Renew the lease of a claimed chunk in a thread; if the process dies or freezes, the lease expires."""
    done = threading.Event()
    renewal = threading.Thread(target=copy_context().run, args=(_renew, ledger, chunk_id, done), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        done.set()
        renewal.join()


def _renew(ledger: Ledger, chunk_id: str, done: threading.Event) -> None:
    while not done.wait(LEASE_S / 4):
        try:
            ledger.extend_lease(chunk_id)
        except BrokerUnavailable as error:
            # Continue: even if another worker takes the chunk meanwhile, it counts once.
            logger.warning("Cannot renew the lease of %s: %s", chunk_id, error.why)

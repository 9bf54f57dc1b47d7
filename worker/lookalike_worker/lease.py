"""Renews the lease of a chunk while an attempt runs."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context

from lookalike.errors import BrokerUnavailable
from lookalike.ledger import Ledger
from lookalike.ledger.chunks import LEASE_S

logger = logging.getLogger(__name__)

#: A chunk or image whose process died this often is rejected.
MAX_ATTEMPTS = 3


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

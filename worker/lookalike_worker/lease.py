"""One attempt at a chunk: held by a lease while it runs, and counted unless it ends in order."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context

from lookalike.errors import BrokerUnavailable
from lookalike.ledger import Ledger
from lookalike.ledger.chunks import LEASE_S

logger = logging.getLogger(__name__)

#: A chunk or image whose process died this often is not tried again.
MAX_ATTEMPTS = 3


@contextmanager
def held(ledger: Ledger, chunk_id: str) -> Iterator[None]:
    """Renew the lease of a claimed chunk beside the work; a process that dies or freezes lets it run out."""
    done = threading.Event()
    keeper = threading.Thread(target=copy_context().run, args=(_keep, ledger, chunk_id, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _keep(ledger: Ledger, chunk_id: str, done: threading.Event) -> None:
    while not done.wait(LEASE_S / 4):
        try:
            ledger.extend_lease(chunk_id)
        except BrokerUnavailable as error:
            # The work goes on: should another worker take the chunk meanwhile, it still counts once.
            logger.warning("The lease of %s cannot be renewed: %s", chunk_id, error.why)

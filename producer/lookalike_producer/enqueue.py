"""Cuts references into chunks, records them in the ledger, then sends them, with a limit on how many are queued."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

from lookalike.errors import BrokerUnavailable
from lookalike.ledger import Ledger
from lookalike.records import Chunk, ImageRef, Outcome
from lookalike.retry import retry_while
from lookalike_producer.refused import RefusedReference

#: Between two looks while the producer waits for room in the queue.
POLL_S = 0.05


def enqueue(
    references: Iterable[ImageRef],
    job_id: str,
    *,
    ledger: Ledger,
    send: Callable[[str], None],
    chunk_size: int,
    limit: int,
    waiting: Callable[[], None] = lambda: None,
    check: Callable[[], None] = lambda: None,
) -> bool:
    """Send every reference in chunks; True if nothing is outstanding at the end.

    Pauses while the job has a backlog of `limit` chunks, calling `waiting` at each look, and while the broker does not
    answer, calling `check`. Raises JobEnded, what these raise, and BrokerUnavailable if the broker does not answer for
    long.
    """
    for chunk in cut(references, job_id, chunk_size):
        outstanding = retry_while(partial(ledger.open_chunk, chunk), check=check)
        if isinstance(chunk.refs[0], RefusedReference):
            retry_while(partial(_reject, chunk, ledger), check=check)
            continue
        with suppress(BrokerUnavailable):
            # The reconciler sends what is recorded but could not be sent.
            send(chunk.id)
        while outstanding >= limit:
            with suppress(BrokerUnavailable):
                waiting()
            time.sleep(POLL_S)
            outstanding = retry_while(partial(ledger.backlog, job_id), check=check)
    return retry_while(partial(ledger.drain, job_id), check=check)


def _reject(chunk: Chunk, ledger: Ledger) -> None:
    """Close a chunk of refused references without a worker: only this process knows why they are refused."""
    rejected = tuple(ref.rejected for ref in chunk.refs if isinstance(ref, RefusedReference))
    ledger.close_chunk(chunk, Outcome(0, 0, rejected), place=ledger.job(chunk.job).place)


def cut(references: Iterable[ImageRef], job_id: str, size: int) -> Iterator[Chunk]:
    """Chunks of at most `size` references, numbered in order; refused references have chunks of their own."""
    for number, refs in enumerate(_batches(references, size)):
        yield Chunk(id=f"{job_id}/{number:06d}", job=job_id, refs=refs)


def _batches(references: Iterable[ImageRef], size: int) -> Iterator[tuple[ImageRef, ...]]:
    """A bad row between good ones does not cut their batch short."""
    fit: list[ImageRef] = []
    refused: list[ImageRef] = []
    for ref in references:
        some = refused if isinstance(ref, RefusedReference) else fit
        some.append(ref)
        if len(some) == size:
            yield tuple(some)
            some.clear()
    yield from (tuple(some) for some in (fit, refused) if some)

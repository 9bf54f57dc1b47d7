"""Cuts references into chunks, records them in the ledger, then sends them, with a limit on how many are queued."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

from lookalike.errors import BrokerUnavailable
from lookalike.ledger import Ledger
from lookalike.records import Chunk, ImageRef, Outcome
from lookalike.retry import retry_while
from lookalike_producer.unlisted import UnlistedFolder

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

    Pauses while `limit` chunks are outstanding, calling `waiting` at each look, and while the broker does not answer,
    calling `check`. Raises JobEnded, what these raise, and BrokerUnavailable if the broker does not answer for long.
    """
    for chunk in cut(references, job_id, chunk_size):
        outstanding = retry_while(partial(ledger.open_chunk, chunk), check=check)
        if isinstance(folder := chunk.refs[0], UnlistedFolder):
            retry_while(partial(_reject, folder, chunk, ledger), check=check)
            continue
        with suppress(BrokerUnavailable):
            # The reconciler sends what is recorded but could not be sent.
            send(chunk.id)
        while outstanding >= limit:
            with suppress(BrokerUnavailable):
                waiting()
            time.sleep(POLL_S)
            outstanding = retry_while(partial(ledger.outstanding, job_id), check=check)
    return retry_while(partial(ledger.drain, job_id), check=check)


def _reject(folder: UnlistedFolder, chunk: Chunk, ledger: Ledger) -> None:
    """Close a chunk with a folder, without a worker: only this process knows why it cannot be listed."""
    ledger.close_chunk(chunk, Outcome(0, 0, (folder.rejected,)), place=ledger.job(chunk.job).place)


def cut(references: Iterable[ImageRef], job_id: str, size: int) -> Iterator[Chunk]:
    """Chunks of `size` references (the last one may be smaller), numbered in order; a folder has one of its own."""
    for number, refs in enumerate(_batches(references, size)):
        yield Chunk(id=f"{job_id}/{number:06d}", job=job_id, refs=refs)


def _batches(references: Iterable[ImageRef], size: int) -> Iterator[tuple[ImageRef, ...]]:
    some: list[ImageRef] = []
    for ref in references:
        if isinstance(ref, UnlistedFolder):
            yield (ref,)
            continue
        some.append(ref)
        if len(some) == size:
            yield tuple(some)
            some = []
    if some:
        yield tuple(some)

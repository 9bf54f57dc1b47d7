"""Records chunks in the ledger, then sends them, with a limit on how many are queued."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import filterfalse

from lookalike.errors import BrokerUnavailable
from lookalike.ledger import Ledger
from lookalike.records import Chunk, ImageRef, Outcome
from lookalike.retry import retry_while
from lookalike_producer.chunks import cut, is_refused, together
from lookalike_producer.refused import OF_SOURCE, RefusedReference

#: Between two looks while the producer waits for room in the queue.
POLL_S = 0.05

#: May put the references of some chunks into fewer ones.
Arrange = Callable[[Sequence[Chunk]], Sequence[Chunk]]


def as_found(chunks: Sequence[Chunk]) -> Sequence[Chunk]:
    """The chunks as they were cut."""
    return chunks


def enqueue(
    references: Iterable[ImageRef],
    job_id: str,
    *,
    ledger: Ledger,
    send: Callable[[Sequence[str]], None],
    chunk_size: int,
    limit: int,
    processes: int = 1,
    arrange: Arrange = as_found,
    waiting: Callable[[], None] = lambda: None,
    check: Callable[[], None] = lambda: None,
) -> bool:
    """Send every reference in chunks; True if nothing is outstanding at the end.

    Pauses while the job has a backlog of `limit` chunks, calling `waiting` at each look, and while the broker does not
    answer, calling `check`. The last references are cut for so many `processes` of a worker. `send` is given the ids of
    chunks that are recorded. Raises JobEnded, what these raise, and BrokerUnavailable if the broker does not answer for
    long.
    """
    backlog = 0
    for found in together(cut(references, job_id, chunk_size), processes):
        chunks = arrange(found)
        while chunks:
            some, chunks = chunks[: limit - backlog], chunks[limit - backlog :]
            backlog = retry_while(partial(ledger.open_chunks, some), check=check)
            _hand_over(some, ledger, send, check)
            while backlog >= limit:
                with suppress(BrokerUnavailable):
                    waiting()
                time.sleep(POLL_S)
                backlog = retry_while(partial(ledger.backlog, job_id), check=check)
    return retry_while(partial(ledger.drain, job_id), check=check)


def _hand_over(
    chunks: Sequence[Chunk], ledger: Ledger, send: Callable[[Sequence[str]], None], check: Callable[[], None]
) -> None:
    """Send chunks that are recorded, and close those of refused references."""
    for chunk in filter(is_refused, chunks):
        retry_while(partial(_reject, chunk, ledger), check=check)
    if ids := [chunk.id for chunk in filterfalse(is_refused, chunks)]:
        with suppress(BrokerUnavailable):
            # The reconciler sends what is recorded but could not be sent.
            send(ids)


def _reject(chunk: Chunk, ledger: Ledger) -> None:
    """Close a chunk of refused references without a worker: only this process knows why they are refused."""
    rejected = tuple(ref.rejected for ref in chunk.refs if isinstance(ref, RefusedReference))
    bases = dict.fromkeys((item.uri for item in rejected), OF_SOURCE)
    ledger.close_chunk(chunk, Outcome(0, 0, rejected, bases=bases), place=ledger.job(chunk.job).place)

"""The whole: real ingests through worker processes that have already started; knows no stage."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice

from lookalike_producer.jobs import JobRequest

from lookalike.embedded import Stack
from lookalike.embedding import ModelSpec
from lookalike.errors import LookalikeError
from lookalike.ledger import Ledger
from lookalike.records import ImageRef
from lookalike.settings import Settings
from lookalike_cli.running import run_shown
from lookalike_cli.speed.stages import drop

#: How often the ledger is asked how many pictures are done: a hundredth of the shortest whole worth measuring.
POLL_S = 0.01
#: Pictures that each process embeds beforehand, one a chunk, so that all have loaded the model.
WARMING = 2


@dataclass(frozen=True)
class Ingest:
    """`seconds` from the first picture's enqueueing to the closing of the last chunk: neither the start of processes
    nor the one-off end of a job, which compacts the index, is in it."""

    indexed: int
    seconds: float


def warm_up(settings: Settings, spec: ModelSpec, stack: Stack, references: Sequence[ImageRef]) -> None:
    """Have every process load the model. A chunk goes to an idle process, and each loads for longer than others take
    for theirs. Raises what a job raises."""
    count = WARMING * settings.processes
    single = settings.model_copy(update={"chunk_size": 1})
    ingest(single, spec, stack, list(islice(cycle(references), count)))


def ingest(settings: Settings, spec: ModelSpec, stack: Stack, references: Sequence[ImageRef]) -> Ingest:
    """One job into the settings' index, which is dropped. Raises what a job raises."""
    began: list[float] = []

    def started() -> Iterator[ImageRef]:
        began.append(time.monotonic())
        return iter(references)

    order = JobRequest(settings, spec, source="bench", references=started, count=lambda: len(references))
    with _Watch(stack.broker_url) as watch:
        report = run_shown(order, stack)
    drop(settings)
    ended = watch.changed if watch.done == report.done else time.monotonic()
    return Ingest(report.indexed, ended - began[0])


class _Watch:
    """When the one job of a broker last had another number of pictures done."""

    def __init__(self, broker_url: str) -> None:
        self.done = 0
        self.changed = 0.0
        self._ledger = Ledger(broker_url)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._ledger.close()

    def _watch(self) -> None:
        while not self._over.wait(POLL_S):
            # The command itself meets the same trouble and reports it.
            with suppress(LookalikeError):
                for job in self._ledger.active_jobs():
                    if job.done != self.done:
                        self.done, self.changed = job.done, time.monotonic()

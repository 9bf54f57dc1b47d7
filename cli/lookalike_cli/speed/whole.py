"""Measures the whole pipeline: real ingests through worker processes that have already started."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice

from lookalike.embedded import Stack
from lookalike.embedding import ModelSpec
from lookalike.errors import LookalikeError
from lookalike.ledger import Ledger
from lookalike.records import ImageRef
from lookalike.settings import Settings
from lookalike_cli.running import run_shown
from lookalike_cli.speed.stages import drop
from lookalike_producer.job_request import JobRequest

#: Poll interval of the ledger: a hundredth of the shortest ingest worth measuring.
POLL_S = 0.01
#: Images that each process embeds beforehand, one per chunk, so that all have loaded the model.
WARMING = 2


@dataclass(frozen=True)
class Ingest:
    """`seconds` from enqueueing the first image to closing the last chunk; excludes the start of processes and the end
    of the job, which compacts the index."""

    indexed: int
    seconds: float


def warm_up(settings: Settings, spec: ModelSpec, stack: Stack, references: Sequence[ImageRef]) -> None:
    """Make every process load the model: a chunk goes to an idle process, and loading takes longer than a chunk.

    Raises what a job raises.
    """
    count = WARMING * settings.processes
    single = settings.model_copy(update={"chunk_size": 1})
    ingest(single, spec, stack, list(islice(cycle(references), count)))


def ingest(settings: Settings, spec: ModelSpec, stack: Stack, references: Sequence[ImageRef]) -> Ingest:
    """Run one job into the configured index, which is dropped afterwards. Raises what a job raises."""
    began: list[float] = []

    def started() -> Iterator[ImageRef]:
        began.append(time.monotonic())
        return iter(references)

    request = JobRequest(settings, spec, source="bench", references=started, count=lambda: len(references))
    with _ProgressWatch(stack.broker_url) as watch:
        report = run_shown(request, stack)
    drop(settings)
    ended = watch.changed if watch.done == report.done else time.monotonic()
    return Ingest(report.indexed, ended - began[0])


class _ProgressWatch:
    """Records when the number of finished images last changed; the broker has one job."""

    def __init__(self, broker_url: str) -> None:
        self.done = 0
        self.changed = 0.0
        self._ledger = Ledger(broker_url)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_ProgressWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._ledger.close()

    def _watch(self) -> None:
        while not self._over.wait(POLL_S):
            # The command meets the same error and reports it.
            with suppress(LookalikeError):
                for job in self._ledger.active_jobs():
                    if job.done != self.done:
                        self.done, self.changed = job.done, time.monotonic()

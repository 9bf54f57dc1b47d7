"""How far an ingest is: a bar with rate and time left on a terminal, a plain line now and then in a pipe."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from lookalike.errors import LookalikeError
from lookalike.ledger import Job
from lookalike_cli.console import remark, remarks

#: Between two lines in a pipe.
LINE_EVERY_S = 5.0


class Progress(Protocol):
    def show(self, job: Job) -> None: ...


class Total:
    """How many images a source holds, counted beside the work: the producer itself only runs a queue's length ahead."""

    def __init__(self, count: Callable[[], int | None]) -> None:
        self.value: int | None = None
        threading.Thread(target=self._count, args=(count,), daemon=True).start()

    def _count(self, count: Callable[[], int | None]) -> None:
        # The producer meets the same trouble and reports it.
        with suppress(LookalikeError, OSError):
            self.value = count()


class Bar:
    def __init__(self, bars: Bars, total: Total) -> None:
        self._bars = bars
        self._total = total
        self._began = time.monotonic()
        self._task = bars.add_task("ingest", total=None, rate="", rejected="")

    def show(self, job: Job) -> None:
        rate = job.done / (time.monotonic() - self._began)
        rejected = f"{job.rejected:,} rejected" if job.rejected else ""
        self._bars.update(
            self._task, total=self._total.value, completed=job.done, rate=f"{rate:,.0f} images/s", rejected=rejected
        )


class Lines:
    def __init__(self, total: Total) -> None:
        self._total = total
        self._began = self._said = time.monotonic()

    def show(self, job: Job) -> None:
        now = time.monotonic()
        if now - self._said < LINE_EVERY_S:
            return
        self._said = now
        rate = job.done / (now - self._began)
        total = self._total.value
        left = f", {(total - job.done) / rate:,.0f} s left" if total and rate else ""
        remark(f"{job.done:,} of {total or '?'} images, {rate:,.0f} images/s{left}, {job.rejected:,} rejected")


@contextmanager
def progress(count: Callable[[], int | None]) -> Iterator[Progress]:
    """`count`, called in a thread of its own, tells how much there is in all, or None where that cannot be told."""
    total = Total(count)
    if not remarks.is_terminal:
        yield Lines(total)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("[yellow]{task.fields[rejected]}"),
    )
    with Bars(*columns, console=remarks, transient=True) as bars:
        yield Bar(bars, total)

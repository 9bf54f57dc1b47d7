"""Shows the progress of an ingest: a bar on a terminal and in a notebook, otherwise a line every few seconds."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from lookalike.errors import LookalikeError
from lookalike.ledger import Job, JobState
from lookalike.shown import as_html
from lookalike.terminal import Output

#: Between two lines without a terminal.
LINE_EVERY_S = 5.0
#: Between two lines that say the same: a job may wait for a host for hours.
SAME_EVERY_S = 60.0
#: Between two updates of the bar in a notebook: each one is a message to the browser.
NOTEBOOK_EVERY_S = 0.25
#: After the last image: the index is compacted, and a large embedded one gets its ANN index.
FINISHING = "finishing the index"


class Progress(Protocol):
    def show(self, job: Job) -> None:
        """Show the state of the job, as just read from the ledger."""

    def note(self, text: str) -> None:
        """Show a sentence."""


class Silent:
    """Shows nothing."""

    def show(self, job: Job) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class Total:
    """The number of images in a source, counted in a thread: the producer finds them only as fast as they are done."""

    def __init__(self, count: Callable[[], int | None]) -> None:
        self.value: int | None = None
        threading.Thread(target=self._count, args=(count,), daemon=True).start()

    def _count(self, count: Callable[[], int | None]) -> None:
        # The producer meets the same error and reports it.
        with suppress(LookalikeError, OSError):
            try:
                self.value = count()
            except RuntimeError:
                # A process that ends takes no more work for other threads, such as a look-up of a name.
                if threading.main_thread().is_alive():
                    raise


class Bar:
    """On a terminal."""

    def __init__(self, bars: Bars, output: Output, total: Total) -> None:
        self._bars = bars
        self._output = output
        self._total = total
        self._began = time.monotonic()
        self._task = bars.add_task("ingest", total=None, rate="", rejected="")

    def show(self, job: Job) -> None:
        rate = job.done / (time.monotonic() - self._began)
        rejected = f"{job.rejected:,} rejected" if job.rejected else ""
        self._bars.update(
            self._task,
            description=FINISHING if job.state is JobState.FINISHING else "ingest",
            total=self._total.value,
            completed=job.done,
            rate=f"{rate:,.0f} images/s",
            rejected=rejected,
        )

    def note(self, text: str) -> None:
        self._output.say(text)


class Lines:
    """In a pipe, or a log."""

    def __init__(self, output: Output, total: Total) -> None:
        self._output = output
        self._total = total
        self._began = self._said = time.monotonic()
        self._done = 0
        self._state: JobState | None = None

    def show(self, job: Job) -> None:
        now = time.monotonic()
        is_same = (job.done, job.state) == (self._done, self._state)
        if now - self._said >= (SAME_EVERY_S if is_same else LINE_EVERY_S):
            # Without progress nobody knows how long it takes.
            self.note(_line(job, self._total.value, now - self._began, has_progress=job.done > self._done))
            self._said, self._done, self._state = now, job.done, job.state

    def note(self, text: str) -> None:
        self._output.say(text)


class NotebookBar:
    """In a notebook: one output that is updated. It needs no widget extension."""

    def __init__(self, display: Callable[..., Any], total: Total) -> None:
        self._output = display({"text/html": "", "text/plain": ""}, raw=True, display_id=True)
        self._total = total
        self._began = time.monotonic()
        self._shown = 0.0
        self._note = ""

    def show(self, job: Job) -> None:
        now = time.monotonic()
        if now - self._shown >= NOTEBOOK_EVERY_S or job.has_ended:
            self._shown = now
            self._update(job.done, _line(job, self._total.value, now - self._began, has_progress=True))

    def note(self, text: str) -> None:
        self._update(0, text)

    def _update(self, done: int, line: str) -> None:
        total = self._total.value
        bar = f'<progress value="{done}" max="{total}"></progress> ' if total else ""
        self._output.update({"text/html": f"<div>{bar}{as_html(line)}</div>", "text/plain": line}, raw=True)


@contextmanager
def progress(count: Callable[[], int | None], *, is_shown: bool = True) -> Iterator[Progress]:
    """`count` returns the number of images, or None if it is not known; it is called in a thread."""
    if not is_shown:
        yield Silent()
        return
    total = Total(count)
    if (display := _notebook_display()) is not None:
        yield NotebookBar(display, total)
        return
    output = Output(stderr=True)
    if not output.is_animated:
        yield Lines(output, total)
        return
    with Bars(*_columns(), console=output, transient=True) as bars:
        yield Bar(bars, output, total)


def _line(job: Job, total: int | None, seconds: float, *, has_progress: bool) -> str:
    rate = job.done / seconds
    is_known = has_progress and total and rate and total > job.done
    left = f", {(total - job.done) / rate:,.0f} s left" if is_known and total else ""
    of = f"{total:,}" if total else "?"
    last = f", {FINISHING}" if job.state is JobState.FINISHING else ""
    return f"{job.done:,} of {of} images, {rate:,.0f} images/s{left}, {job.rejected:,} rejected{last}"


def _notebook_display() -> Callable[..., Any] | None:
    """IPython's `display` in the kernel of a notebook, otherwise None. Imports nothing outside a kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


def _columns() -> tuple[Any, ...]:
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("[yellow]{task.fields[rejected]}"),
    )

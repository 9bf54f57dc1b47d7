"""Comparisons of all images of the index with one another, in the background: the duplicates that a person reviews.

A comparison may take minutes, so a request only asks for one; later requests see how far it is, and its groups.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from lookalike.duplicates import Advance, Comparison, Star, default_threshold
from lookalike.filters import Condition
from lookalike.http_schemas import ComparisonState
from lookalike.index import Index
from lookalike_api.admission import Busy
from lookalike_api.problems import problem_of

logger = logging.getLogger(__name__)

#: Comparisons whose groups are remembered, and those that wait or run.
MOST_KEPT, MOST_WAITING = 8, 100
#: Searches of people go first: they have more threads.
THREADS = 1


class Wanted(NamedTuple):
    """What to compare. Without a `threshold`, the one that fits the model."""

    threshold: float | None
    filters: tuple[Condition, ...]
    exact: bool


@dataclass
class Progress:
    """One comparison. `version` is that of the index; `stars` are known when it has finished."""

    state: ComparisonState = "waiting"
    version: str = ""
    threshold: float | None = None
    images: int = 0
    read: int = 0
    compared: int = 0
    ended: float | None = None
    error: str = ""
    stars: Sequence[Star] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        return self.state in ("finished", "failed")


class Stopped(Exception):
    """The service ends."""


class Comparisons:
    """Runs one comparison at a time. Thread-safe."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="compare")
        self._lock = threading.Lock()
        #: The latest ones last.
        self._kept: OrderedDict[Wanted, Progress] = OrderedDict()
        self._is_closed = False

    def start(self, wanted: Wanted) -> Progress:
        """Begin this comparison, again if it has ended. Raises Busy if too many wait, BadFilter, and the index's
        errors."""
        images = self._index.count(wanted.filters)
        with self._lock:
            known = self._kept.get(wanted)
            if known is not None and not known.has_ended:
                return known
            self._make_room(wanted)
            self._kept[wanted] = begun = Progress(images=images)
            self._submit(wanted, begun)
        return begun

    def find(self, wanted: Wanted) -> Progress:
        """The comparison as far as it is; one without state if nobody asked for it, or if the name of the index points
        to another version since."""
        with self._lock:
            known = self._kept.get(wanted, Progress("none"))
        if known.state == "finished" and known.version != self._index.version():
            return Progress("none")
        return known

    def close(self) -> None:
        """End what runs, and wait until it has: it uses the index."""
        self._is_closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _make_room(self, wanted: Wanted) -> None:
        self._kept.pop(wanted, None)
        ended = [other for other, progress in self._kept.items() if progress.has_ended]
        if len(self._kept) - len(ended) >= MOST_WAITING:
            raise Busy()
        # One more will end.
        for other in ended[: max(0, len(ended) - MOST_KEPT + 1)]:
            del self._kept[other]

    def _submit(self, wanted: Wanted, progress: Progress) -> None:
        future: Future[None] = self._pool.submit(self._run, wanted, progress)
        future.add_done_callback(lambda done: _end(progress, done))

    def _run(self, wanted: Wanted, progress: Progress) -> None:
        progress.version = self._index.version()
        threshold = default_threshold(self._index) if wanted.threshold is None else wanted.threshold
        progress.threshold = threshold
        comparison = Comparison(self._index, threshold, wanted.filters, exact=wanted.exact, threads=THREADS)
        progress.state = "reading"
        comparison.read(self._advance(progress, "read"))
        progress.images = comparison.images
        progress.state = "comparing"
        comparison.compare(self._advance(progress, "compared"))
        progress.compared = comparison.images
        progress.stars = comparison.stars()

    def _advance(self, progress: Progress, what: str) -> Advance:
        def advance(count: int) -> None:
            if self._is_closed:
                raise Stopped
            setattr(progress, what, getattr(progress, what) + count)

        return advance


def _end(progress: Progress, done: "Future[None]") -> None:
    """The last change of a comparison: whoever sees that it has ended sees its groups."""
    progress.ended = time.time()
    error = None if done.cancelled() else done.exception()
    if error is None:
        progress.state = "finished"
        return
    if not isinstance(error, Stopped):
        logger.warning("The comparison of the images failed.", exc_info=error)
    progress.error = problem_of(error).detail if isinstance(error, Exception) else ""
    progress.state = "failed"

"""Embeds chunks with a graph, in the way that is fastest here: it measures that once, with chunks of the ingest."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from lookalike.embedding.runtimes.batches import whole
from lookalike.embedding.runtimes.choices import SIZE, Choices, Way
from lookalike.errors import ModelUnavailable
from lookalike.records import Pixels, Vectors

log = logging.getLogger(__name__)

#: Images that a process embeds before it measures: a small ingest does not wait for more graphs.
AFTER = 128
#: Another way is chosen if it is faster by this factor: noise chooses none.
GAIN = 1.05
#: Turns of both sides, of which the fastest counts.
ROUNDS = 8

Run: TypeAlias = Callable[[Pixels], Vectors]


class Batching:
    """Chooses precision and images per call, and runs the graph in that way. Threads may share it.

    `compiled` makes the graph for a way, and `precisions` are those to choose from, the usual one first. One graph is
    in memory, two while it measures.
    """

    def __init__(self, compiled: Callable[[Way], Run], choices: Choices, precisions: Sequence[str]) -> None:
        self._compiled = compiled
        self._choices = choices
        self._precisions = precisions
        self._lock = threading.Lock()
        self._seen = 0
        kept = choices.read()
        self.is_chosen = kept is not None
        self.way = kept or Way(precisions[0], 1)
        self._run = compiled(self.way)

    def fill(self, vectors: Vectors, pixels: Pixels) -> None:
        """Write the vectors of `pixels` to `vectors`."""
        with self._lock:
            is_measuring = not self.is_chosen and self._seen >= AFTER and len(pixels) >= SIZE
            self._seen += len(pixels)
            done = self._chosen(vectors, pixels) if is_measuring else 0
            in_calls(self._run, self.way.images, vectors[done:], pixels[done:])

    def _chosen(self, vectors: Vectors, pixels: Pixels) -> int:
        """Choose, if no other process is doing it; returns how many of the images that has embedded."""
        with self._choices.turn() as is_ours:
            kept = self._choices.read()
            try:
                if kept is not None:
                    self._use(kept)
                return self._measured(vectors, pixels) if is_ours and kept is None else 0
            except ModelUnavailable as error:
                # The file is away or damaged, which the next process that loads it mends; the graph in memory is not.
                log.warning("%s This process goes on with the graph that it has.", error.what)
                self.is_chosen = True
                return 0

    def _use(self, way: Way) -> None:
        if way != self.way:
            self.way, self._run = way, self._compiled(way)
        self.is_chosen = True

    def _measured(self, vectors: Vectors, pixels: Pixels) -> int:
        began = time.monotonic()
        done = 0
        for rival in self._rivals():
            done = self._compared(rival, vectors, pixels)
        self.is_chosen = True
        self._choices.keep(self.way)
        took = time.monotonic() - began
        log.info("%d image(s) per call in %s are fastest on this CPU, measured in %.1f s.", *reversed(self.way), took)
        return done

    def _rivals(self) -> Iterator[Way]:
        for precision in self._precisions[1:]:
            yield Way(precision, 1)
        yield Way(self.way.precision, SIZE)

    def _compared(self, rival: Way, vectors: Vectors, pixels: Pixels) -> int:
        """Embed with both sides in turn and keep the faster one; returns how many images are done.

        Counts CPU time, because other processes compute meanwhile: by the clock, a busy machine chose the slower way.
        """
        sides = ((self.way, self._run), (rival, self._compiled(rival)))
        times: tuple[list[float], list[float]] = ([], [])
        groups = len(pixels) // SIZE
        for turn in range(2 * ROUNDS):
            (way, run), start = sides[turn % 2], turn % groups * SIZE
            began = time.process_time()
            in_calls(run, way.images, vectors[start : start + SIZE], pixels[start : start + SIZE])
            times[turn % 2].append(time.process_time() - began)
        self.way, self._run = sides[is_faster(times[1], times[0])]
        return SIZE * min(groups, 2 * ROUNDS)


def is_faster(rival: Sequence[float], usual: Sequence[float]) -> bool:
    """Whether the fastest time of `rival` beats that of `usual` by GAIN. The slow ones waited for other programs."""
    return min(rival) * GAIN < min(usual)


def in_calls(run: Run, images: int, vectors: Vectors, pixels: Pixels) -> None:
    """Write the vectors of `pixels`, that many images per call; the last call is padded."""
    for start in range(0, len(pixels), images):
        part = pixels[start : start + images]
        vectors[start : start + images] = run(whole(part, images))[: len(part)]

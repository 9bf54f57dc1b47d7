"""Runs a graph on several images per call where that is faster here, which it measures once and keeps."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from lookalike.embedding.artifacts.saved_models import write_beside
from lookalike.records import Pixels, Vectors

log = logging.getLogger(__name__)

#: Images of a call that is compared with calls of one image.
SIZE = 4
#: A batch is used if it is faster by this factor: less is not worth a second graph in memory.
GAIN = 1.05
#: Turns of both sides, of which the fastest counts.
ROUNDS = 8

Run: TypeAlias = Callable[[Pixels], Vectors]


class Batching:
    """Chooses the number of images per call with the first chunk, one or SIZE, and runs whole batches. Threads may
    share it.

    `kept` is the file with the choices of all CPUs that share the graph, `cpu` names this one. `compiled` makes the
    graph for a number of images per call.
    """

    def __init__(self, compiled: Callable[[int], Run], kept: Path, cpu: str) -> None:
        self._compiled = compiled
        self._kept = kept
        self._cpu = cpu
        self._lock = threading.Lock()
        self._size: int | None = None
        self._run: Run | None = None

    def fill(self, vectors: Vectors, pixels: Pixels, single: Run) -> int:
        """Write the vectors of whole batches to the front of `vectors`, and return how many these are."""
        if len(pixels) < SIZE:
            # A search has one image; measuring would take longer than all that it does.
            return 0
        with self._lock:
            if self._size is None:
                self._size = read(self._kept, self._cpu) or self._measured(pixels[:SIZE], single)
            return self._filled(vectors, pixels, self._size)

    def _measured(self, pixels: Pixels, single: Run) -> int:
        began = time.monotonic()
        size = chosen({1: lambda: [single(image[None]) for image in pixels], SIZE: lambda: self._batch(pixels)})
        keep(self._kept, self._cpu, size)
        log.info("%d image(s) per call are fastest on this CPU, measured in %.1f s.", size, time.monotonic() - began)
        return size

    def _filled(self, vectors: Vectors, pixels: Pixels, size: int) -> int:
        if size == 1:
            self._run = None
            return 0
        whole = len(pixels) - len(pixels) % SIZE
        for start in range(0, whole, SIZE):
            vectors[start : start + SIZE] = self._batch(pixels[start : start + SIZE])
        return whole

    def _batch(self, pixels: Pixels) -> Vectors:
        self._run = self._run or self._compiled(SIZE)
        return self._run(pixels)


def chosen(sides: Mapping[int, Callable[[], object]]) -> int:
    """The images per call whose side, which embeds the same images, is faster; they have their turn in each round.

    Counts CPU time, because other processes measure or compute meanwhile: by the clock, a busy machine chose the slower
    way.
    """
    times: dict[int, list[float]] = {size: [] for size in sides}
    for _ in range(ROUNDS):
        for size, run in sides.items():
            began = time.process_time()
            run()
            times[size].append(time.process_time() - began)
    return faster(times)


def faster(times: Mapping[int, Sequence[float]]) -> int:
    """SIZE if its fastest time beats that of single images by GAIN, else 1. The slow ones waited for other programs."""
    return SIZE if min(times[SIZE]) * GAIN < min(times[1]) else 1


def read(kept: Path, cpu: str) -> int | None:
    """The choice for this CPU, or None if it is missing or unreadable."""
    size = _choices(kept).get(cpu)
    return size if size in (1, SIZE) else None


def keep(kept: Path, cpu: str, size: int) -> None:
    """Add the choice to the file, atomically. Where nothing can be written, each process measures; nor is the folder
    of the graph made again, which another process may have moved aside meanwhile."""
    choices = json.dumps(_choices(kept) | {cpu: size}).encode()
    try:
        write_beside(kept, lambda file: file.write(choices))
    except OSError as error:
        log.debug("%s cannot be written: %s", kept, error)


def _choices(kept: Path) -> dict[str, int]:
    try:
        choices = json.loads(kept.read_text())
    except (OSError, ValueError):
        return {}
    return choices if isinstance(choices, dict) else {}

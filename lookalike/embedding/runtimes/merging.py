"""Runs the chunks of several processes on one device: merges those that wait, and keeps two calls in flight."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, NoReturn

import numpy as np

from lookalike.embedding.runtimes import gpu
from lookalike.embedding.runtimes.batches import BatchModel
from lookalike.records import Pixels, Vectors

#: Calls: one computes while the pixels of the next are copied to the device.
IN_FLIGHT = 2


@dataclass(eq=False)
class _Batch:
    model: BatchModel
    pixels: Pixels
    count: int
    vectors: "Future[Vectors]" = field(default_factory=Future)


@dataclass(eq=False)
class _Call:
    model: BatchModel
    batches: list[_Batch]
    begun: Any
    watchdog: threading.Timer


class Merging:
    """The calls of all models of one device. Threads may share it.

    `fail` ends the process: it is called with a reason if a call raises, or has not ended after `limit_s`.
    """

    def __init__(self, fail: Callable[[str], NoReturn], limit_s: float) -> None:
        self._fail = fail
        self._limit_s = limit_s
        self._waiting: deque[_Batch] = deque()
        self._changed = threading.Condition()
        self._slots = threading.Semaphore(IN_FLIGHT)
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        for work in (self._begin, self._finish):
            threading.Thread(target=self._always, args=(work,), daemon=True).start()

    def submit(self, model: BatchModel, pixels: Pixels, count: int) -> Callable[[], Vectors]:
        """Begin on the first `count` images of `pixels`, which has whole batches, and return what waits for the
        vectors. The memory of `pixels` must not change before that."""
        size = model.batch_size
        starts = range(0, count, size)
        batches = [_Batch(model, pixels[start : start + size], min(size, count - start)) for start in starts]
        with self._changed:
            self._waiting.extend(batches)
            self._changed.notify()
        return lambda: np.concatenate([batch.vectors.result() for batch in batches])

    def _always(self, work: Callable[[], None]) -> None:
        while True:
            try:
                work()
            except Exception as error:
                self._fail(gpu.reason(error))

    def _begin(self) -> None:
        # As late as possible, so that as many as possible wait.
        self._slots.acquire()
        batches = self._taken()
        watchdog = threading.Timer(self._limit_s, self._fail, [f"no answer of the device after {self._limit_s:.0f} s"])
        watchdog.daemon = True
        watchdog.start()
        model = batches[0].model
        self._calls.put(_Call(model, batches, model.begin([batch.pixels for batch in batches]), watchdog))

    def _taken(self) -> list[_Batch]:
        """As many batches as wait one behind the other for the same model, and can be in one call."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            model = self._waiting[0].model
            others = (place for place, batch in enumerate(self._waiting) if batch.model is not model)
            there = next(others, len(self._waiting))
            number = max(number for number in model.together if number <= there)
            return [self._waiting.popleft() for _ in range(number)]

    def _finish(self) -> None:
        call = self._calls.get()
        vectors = call.model.finish(call.begun)
        call.watchdog.cancel()
        self._slots.release()
        for place, batch in enumerate(call.batches):
            start = place * call.model.batch_size
            batch.vectors.set_result(vectors[start : start + batch.count])

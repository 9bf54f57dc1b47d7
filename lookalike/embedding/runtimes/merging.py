"""Runs the chunks of several processes on one device: merges those that wait, and keeps two calls in flight."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, NoReturn

import numpy as np

from lookalike.embedding.runtimes import gpu
from lookalike.embedding.runtimes.batches import Batch, BatchModel
from lookalike.records import Vectors

#: Calls: one computes while the pixels of the next are copied to the device.
IN_FLIGHT = 2


@dataclass(eq=False)
class _Waiting:
    model: BatchModel
    batch: Batch
    is_wanted: Callable[[], bool]
    vectors: "Future[Vectors]" = field(default_factory=Future)

    def goes_with(self, other: "_Waiting") -> bool:
        """Whether one call can have both."""
        return self.model is other.model and self.batch.pixels.shape == other.batch.pixels.shape


@dataclass(eq=False)
class _Call:
    model: BatchModel
    batches: list[_Waiting]
    begun: Any
    watchdog: threading.Timer


class Merging:
    """The calls of all models of one device. Threads may share it.

    `fail` ends the process: it is called with a reason if a call raises, or has not ended after `limit_s`.
    """

    def __init__(self, fail: Callable[[str], NoReturn], limit_s: float) -> None:
        self._fail = fail
        self._limit_s = limit_s
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._slots = threading.Semaphore(IN_FLIGHT)
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        for work in (self._begin, self._finish):
            threading.Thread(target=self._always, args=(work,), daemon=True).start()

    def submit(
        self, model: BatchModel, batches: Sequence[Batch], is_wanted: Callable[[], bool] = lambda: True
    ) -> Callable[[], Vectors]:
        """Begin on the batches, and return what waits for the vectors of their images. The memory of the pixels must
        not change before that. Batches that wait when `is_wanted` says no, which is for ever, are dropped; the wait
        raises CancelledError then."""
        waiting = [_Waiting(model, batch, is_wanted) for batch in batches]
        with self._changed:
            self._waiting.extend(waiting)
            self._changed.notify()
        return lambda: np.concatenate([one.vectors.result() for one in waiting])

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
        self._calls.put(_Call(model, batches, model.begin([one.batch for one in batches]), watchdog))

    def _taken(self) -> list[_Waiting]:
        """As many batches as wait one behind the other for the same model, and can be in one call."""
        with self._changed:
            self._changed.wait_for(self._has_wanted)
            first = self._waiting[0]
            others = (place for place, one in enumerate(self._waiting) if not one.goes_with(first))
            there = next(others, len(self._waiting))
            number = max(number for number in first.model.together if number <= there)
            return [self._waiting.popleft() for _ in range(number)]

    def _has_wanted(self) -> bool:
        """Whether anything waits, after dropping what nobody waits for any more."""
        for one in [one for one in self._waiting if not one.is_wanted()]:
            self._waiting.remove(one)
            one.vectors.cancel()
        return bool(self._waiting)

    def _finish(self) -> None:
        call = self._calls.get()
        vectors = call.model.finish(call.begun)
        call.watchdog.cancel()
        self._slots.release()
        for place, one in enumerate(call.batches):
            start = place * call.model.batch_size
            one.vectors.set_result(vectors[start : start + one.batch.count])

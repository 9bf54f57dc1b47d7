"""CPU and wall seconds by stage, for the worker's own pipeline; knows no index and no model."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Taken = TypeVar("Taken")


class Clock:
    """Totals under the stages' names; the CPU seconds are those of all threads of this process."""

    def __init__(self) -> None:
        self.cpu_s: dict[str, float] = defaultdict(float)
        self.wall_s: dict[str, float] = defaultdict(float)

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.cpu_s[stage] += time.process_time() - cpu_s
            self.wall_s[stage] += time.perf_counter() - wall_s

    def timed(self, stage: str, work: Callable[Given, Taken]) -> Callable[Given, Taken]:
        """`work`, with its time counted to `stage`."""

        def counted(*given: Given.args, **named: Given.kwargs) -> Taken:
            with self.timing(stage):
                return work(*given, **named)

        return counted

    def take(self, stage: str, *, out_of: str) -> None:
        """Take a stage's time out of that of another one, in which it was counted as well."""
        for totals in (self.cpu_s, self.wall_s):
            if stage in totals:
                totals[out_of] = max(0.0, totals[out_of] - totals[stage])

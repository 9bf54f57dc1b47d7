"""Measures CPU and wall time per stage."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

Params = ParamSpec("Params")
Result = TypeVar("Result")


class Clock:
    """Total seconds by stage; CPU seconds cover all threads of this process."""

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

    def timed(self, stage: str, work: Callable[Params, Result]) -> Callable[Params, Result]:
        """Wrap `work` so that its time counts for `stage`."""

        def counted(*args: Params.args, **kwargs: Params.kwargs) -> Result:
            with self.timing(stage):
                return work(*args, **kwargs)

        return counted

    def take(self, stage: str, *, out_of: str) -> None:
        """Subtract a stage's time from another stage that includes it."""
        for totals in (self.cpu_s, self.wall_s):
            if stage in totals:
                totals[out_of] = max(0.0, totals[out_of] - totals[stage])

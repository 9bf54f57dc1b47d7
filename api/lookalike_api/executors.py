"""The bounded threads in which whatever blocks is done, so that no client ever holds up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Lane:
    """So many things of a kind at once; the others wait in order, and one given up while waiting is never begun."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


class Lanes:
    """A lane for each kind of work. What reads files or asks the index mostly waits; the rest needs a core."""

    def __init__(self, cores: int) -> None:
        self.decoding = Lane("decode", cores)
        # The model runs as many requests at once, on one core each.
        self.embedding = Lane("embed", cores)
        self.index = Lane("index", 8)
        self.images = Lane("pictures", max(2, cores))
        self.ledger = Lane("ledger", 2)
        #: Kept apart, so that a probe is answered while everything else is stuck.
        self.probes = Lane("probes", 2)

    def close(self) -> None:
        for lane in (self.decoding, self.embedding, self.index, self.images, self.ledger, self.probes):
            lane.close()

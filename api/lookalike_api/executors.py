"""Bounded thread pools for blocking work, so that no request blocks the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Executor:
    """A thread pool for one kind of work, in order of arrival. Work that is cancelled while it waits never runs."""

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class Executors:
    """One executor for each kind of work. Reading files, decoding in other processes and querying the index mostly
    wait; the rest needs a core."""

    def __init__(self, cores: int) -> None:
        # Half of them for images that take long.
        self.decoding = Executor("decode", 2 * cores)
        # The model runs this many requests in parallel, each on one core.
        self.embedding = Executor("embed", cores)
        self.index = Executor("index", 8)
        self.images = Executor("images", 2 * max(2, cores))
        #: Images of other hosts, which may take long.
        self.remote = Executor("remote", 8)
        self.ledger = Executor("ledger", 2)
        #: Reads of all images of the index, one at a time: they take long, and searches must not wait for them.
        self.map = Executor("map", 1)
        #: Separate, so that health checks are answered while all other executors are busy.
        self.probes = Executor("probes", 2)

    def close(self) -> None:
        readers = (self.index, self.images, self.remote, self.ledger, self.map, self.probes)
        for executor in (self.decoding, self.embedding, *readers):
            executor.close()

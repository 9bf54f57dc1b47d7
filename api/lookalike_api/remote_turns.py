"""Lets few images of other hosts be fetched at once, so that a slow host delays its own images and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from starlette.exceptions import HTTPException

from lookalike.reading.hosts import host_of
from lookalike_api.executors import Executor

Result = TypeVar("Result")

#: Images of one host that are fetched at once; the threads of all hosts are those of the executor.
AT_ONCE_PER_HOST = 4
#: For one image, with the wait for its turn. A person does not wait longer for a picture.
LIMIT_S = 10.0


class RemoteTurns:
    """Runs work that fetches an image in an executor of its own. For one event loop."""

    def __init__(self, executor: Executor, limit_s: float) -> None:
        self._executor = executor
        self._limit_s = limit_s
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def run(self, uri: str, work: Callable[[], Result]) -> Result:
        """The result of `work`, when it is the turn of the host of `uri`. Raises HTTPException (504) if it is late."""
        try:
            async with asyncio.timeout(self._limit_s), self._turn(host_of(uri)):
                return await self._executor.run(work)
        except TimeoutError as error:
            raise HTTPException(504, "The host of this image does not give it in time; try again later.") from error

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        # The variable keeps the semaphore alive while somebody waits for it or holds it.
        turns = self._hosts.setdefault(host, asyncio.Semaphore(AT_ONCE_PER_HOST))
        async with turns:
            yield

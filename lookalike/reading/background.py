"""An event loop in a thread of its own, for code that is not asynchronous."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

Answer = TypeVar("Answer")

#: Connections are closed in this time; after it the thread is left to the end of the process.
CLOSE_S = 2.0


class BackgroundLoop:
    """Runs coroutines until it is closed; their errors are those of whoever waits for them. Does not survive a fork."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="reading", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Answer], limit_s: float | None = None) -> Answer:
        """The result of `work`, which runs in the loop. Raises TimeoutError after `limit_s`, when it is cancelled."""
        return self.start(work if limit_s is None else asyncio.wait_for(work, limit_s)).result()

    def start(self, work: Coroutine[Any, Any, Answer]) -> Future[Answer]:
        """Begin `work`; the future has its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Callable[..., object], *args: object) -> None:
        """Call a function in the loop."""
        self._loop.call_soon_threadsafe(work, *args)

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Run `last`, end what still runs, and the loop."""
        try:
            self.start(self._ended(last)).result(CLOSE_S)
        except TimeoutError:
            return
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_S)
        self._loop.close()

    async def _ended(self, last: Coroutine[Any, Any, None]) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await last

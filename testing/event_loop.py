"""The event loop of a server of the tests: in a thread of its own, and with an end for all that runs on it."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")

#: Nothing that a test asks of its server takes so long.
COMMAND_TIMEOUT_S = 10.0


class LoopThread:
    """An event loop that runs in a thread until it is ended."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self, command: Coroutine[Any, Any, Answer]) -> Answer:
        """What the command returns. Raises what it raises."""
        return asyncio.run_coroutine_threadsafe(command, self._loop).result(COMMAND_TIMEOUT_S)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def end_all() -> None:
    """Cancel all tasks but this one, also those of connections that were accepted meanwhile, and let sockets close."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    # A transport closes its socket in the next round of the loop.
    await asyncio.sleep(0)

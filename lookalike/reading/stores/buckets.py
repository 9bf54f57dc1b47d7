"""Whether a bucket answers at all: what tells an object that always fails from a store that is away."""

import asyncio
import time
from collections import OrderedDict

from lookalike.reading.stores.client import Client
from lookalike.reading.stores.location import Location
from lookalike.reading.stores.problems import StoreProblem

#: An answer counts for so long: a store that asks for fewer requests is not asked for more.
KEPT_S = 2.0
MAX_BUCKETS = 1024


class Buckets:
    """The buckets that were asked last. Those who want to know it at the same time share one request."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, tuple[float, asyncio.Task[bool]]] = OrderedDict()

    async def answers(self, client: Client, at: Location) -> bool:
        """Whether the bucket of an object answers, whatever it says: then the object is to blame, not the store."""
        asked_at, task = self._asked.get(at.store, (0.0, None))
        if task is None or (task.done() and time.monotonic() - asked_at > KEPT_S):
            task = asyncio.create_task(_answers(client, at))
            self._asked[at.store] = time.monotonic(), task
            self._asked.move_to_end(at.store)
            if len(self._asked) > MAX_BUCKETS:
                self._asked.popitem(last=False)
        return await asyncio.shield(task)

    def close(self) -> None:
        for _, task in self._asked.values():
            task.cancel()


async def _answers(client: Client, at: Location) -> bool:
    try:
        await anext(client.pages(at), None)
    except StoreProblem as problem:
        return not problem.kind.passes
    return True

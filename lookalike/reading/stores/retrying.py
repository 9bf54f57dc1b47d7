"""Requests that may succeed a little later are sent again."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from lookalike.reading.stores.problems import Kind, StoreProblem

Answer = TypeVar("Answer")

#: One request is sent so often; the SDKs of stores do the same.
TRIES = 3
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
#: So long a listing waits for a store that is away: work that lasts for days must outlive a restart of it.
PATIENCE_S = 300.0


async def tried(ask: Callable[[], Awaitable[Answer]], *, tries: int = TRIES, patience_s: float = 0.0) -> Answer:
    """The answer, after `tries` requests, and further ones for `patience_s`, with full jitter between them. Who has
    patience waits for new credentials, too; who has none does not wait again for a store that is slow.

    Raises StoreProblem: one that no retry helps at once, and the last one.
    """
    began, number = time.monotonic(), 1
    while True:
        try:
            return await ask()
        except StoreProblem as problem:
            may_pass = problem.kind.passes or (patience_s > 0 and problem.kind is Kind.EXPIRED)
            is_tried = number >= tries or problem.kind is Kind.SLOW
            if not may_pass or (is_tried and time.monotonic() - began >= patience_s):
                raise
            longest = min(FIRST_PAUSE_S * 2.0**number, LONGEST_PAUSE_S)
            asked_s = min(problem.retry_after_s or 0.0, LONGEST_PAUSE_S)
        await asyncio.sleep(asked_s + random.uniform(0, longest))
        number += 1

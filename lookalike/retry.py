"""Retrying in place while a service is away."""

from collections.abc import Callable
from typing import TypeVar

from lookalike.errors import BrokerUnavailable, Unavailable

#: Programs wait this long for Redis in the middle of their work; a restart takes less.
BROKER_RETRY_S = 90.0
#: Seconds between two attempts, random so that processes which failed together do not return together.
SHORTEST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0

Answer = TypeVar("Answer")


def retry_while(
    call: Callable[[], Answer],
    away: type[Unavailable] = BrokerUnavailable,
    limit_s: float = BROKER_RETRY_S,
    check: Callable[[], None] = lambda: None,
) -> Answer:
    """Call until it returns, as long as it raises `away`; after `limit_s` seconds raise that error.

    `check` runs before each further attempt: what it raises ends the wait.
    """
    # Imports asyncio and, where it is installed, Tornado: too slow for a command that only searches.
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

    attempts = Retrying(
        retry=retry_if_exception_type(away),
        stop=stop_after_delay(limit_s),
        wait=wait_random(SHORTEST_PAUSE_S, LONGEST_PAUSE_S),
        before_sleep=lambda _: check(),
        reraise=True,
    )
    return attempts(call)

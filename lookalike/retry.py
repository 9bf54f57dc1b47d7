"""Waiting in place for a service that is away; knows none of them."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from lookalike.errors import BrokerUnavailable, Unavailable

#: How long those who depend on Redis wait for it in the middle of their work: one that restarts is back by then.
BROKER_PATIENCE_S = 90.0
LONGEST_PAUSE_S = 2.0

Answer = TypeVar("Answer")


def retry_while(
    ask: Callable[[], Answer], away: type[Unavailable] = BrokerUnavailable, patience_s: float = BROKER_PATIENCE_S
) -> Answer:
    """What `ask` returns, asked again while it raises `away`. Raises that once `patience_s` have gone."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return ask()
        except away:
            if time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.1, LONGEST_PAUSE_S))

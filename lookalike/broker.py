"""What queue and ledger share of Redis: its address, what its failures mean, and patience with a short one."""

import random
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import redis

from lookalike.errors import AccessDenied, BadSetting, BrokerUnavailable, LookalikeError

#: How long those who depend on Redis wait for it in the middle of their work: one that restarts is back by then.
PATIENCE_S = 90.0
LONGEST_PAUSE_S = 2.0

Answer = TypeVar("Answer")


def patiently(ask: Callable[[], Answer]) -> Answer:
    """What `ask` returns, asked again while the broker is away. Raises BrokerUnavailable after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except BrokerUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.1, LONGEST_PAUSE_S))


def broker_error(error: Exception, address: str) -> LookalikeError:
    """What a failure of Redis means for us."""
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    denied = (redis.exceptions.AuthenticationError, redis.exceptions.NoPermissionError)
    if isinstance(error, denied) or why.startswith(("NOAUTH", "WRONGPASS", "invalid username-password")):
        advice = "Correct the user and password in LOOKALIKE_BROKER_URL."
        return AccessDenied(f"The broker at {address} turns us down: {why}.", advice)
    return BrokerUnavailable(address, why.rstrip("."))


def client_url(broker_url: str) -> str:
    """The URL as redis-py wants it. Raises BadSetting."""
    # Celery writes unix sockets as redis+socket://, redis-py as unix://.
    scheme = urlsplit(broker_url).scheme
    if scheme == "redis+socket":
        return "unix" + broker_url.removeprefix("redis+socket").replace("virtual_host=", "db=")
    if scheme not in ("redis", "rediss"):
        advice = "It must begin with redis://, rediss:// or redis+socket://."
        raise BadSetting(f"LOOKALIKE_BROKER_URL has the scheme {scheme!r}.", advice)
    return broker_url

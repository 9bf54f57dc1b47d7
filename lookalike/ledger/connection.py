"""The connection of the ledger to Redis: keys, atomic scripts and errors."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

from lookalike.addresses import plain_address
from lookalike.broker import broker_error, client_url
from lookalike.messages import MessageInvalid

PREFIX = "lookalike:ledger:"
#: The ledger answers in a millisecond; after this time it counts as away, and callers retry.
TIMEOUT_S = 6.0
FOREIGN = f"Another program wrote a key that begins with {PREFIX}: delete it, or use another Redis."


class Connection:
    """Every method of the ledger raises BrokerUnavailable if Redis is away, AccessDenied if it rejects us, and
    MessageInvalid for a record that another program has written."""

    def __init__(self, broker_url: str) -> None:
        self._address = plain_address(broker_url)
        self._redis = redis.Redis.from_url(client_url(broker_url), socket_timeout=TIMEOUT_S)

    def ping(self) -> None:
        """Check that Redis answers."""
        with self._translated():
            self._redis.ping()

    def close(self) -> None:
        self._redis.close()

    def _run(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run a Lua script; Redis keeps the script, so that only its hash is sent."""
        return self._redis.register_script(script)(keys=keys, args=args)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except redis.exceptions.RedisError as error:
            if "WRONGTYPE" in str(error):
                raise MessageInvalid(f"A key of the ledger at {self._address} is of another type.", FOREIGN) from error
            raise broker_error(error, self._address) from error


def key(*parts: str) -> str:
    """The Redis key with these parts. A lone surrogate, which an argument may hold, is in no key of ours."""
    return (PREFIX + ":".join(parts)).encode("utf-8", "replace").decode()

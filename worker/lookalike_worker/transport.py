"""Redis transport that drops undecodable messages instead of crashing."""

import logging
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

logger = logging.getLogger(__name__)

#: kombu raises these if bytes are not JSON, or the JSON is not a Celery message.
UNDECODABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Channel(redis.Channel):  # type: ignore[misc]
    """Continues after bytes that any client of Redis can push into the queue's list."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except UNDECODABLE as error:
            # Redis has removed them; if it was the message of a chunk, the reconciler sends it again.
            logger.error("Dropped an undecodable message from the queue: %s: %.200s", type(error).__name__, error)
            return True


class Transport(redis.Transport):  # type: ignore[misc]
    """Redis with the channel above."""

    Channel = Channel


def drop_undecodable_messages() -> None:
    """Call it before the first connection of the process; kombu chooses the transport by the URL's scheme."""
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = f"{__name__}:Transport"

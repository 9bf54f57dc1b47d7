"""The worker's ear at Redis: drops what lies in the queue and is no message, which would end the worker in kombu."""

import logging
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

logger = logging.getLogger(__name__)

#: What kombu raises when bytes are not JSON, or JSON is not a message of Celery's.
NO_MESSAGE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Channel(redis.Channel):  # type: ignore[misc]
    """Goes on after bytes that anyone who reaches Redis can push into the list that the queue is."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except NO_MESSAGE as error:
            # Redis has handed them out, so they are gone; a chunk's real message lost so is sent again.
            logger.error("Dropped what is no message from the queue: %s: %.200s", type(error).__name__, error)
            return True


class Transport(redis.Transport):  # type: ignore[misc]
    """Redis through the channel above."""

    Channel = Channel


def drop_what_is_no_message() -> None:
    """To be called before the first connection of the process: kombu finds a URL's transport by its scheme."""
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = f"{__name__}:Transport"

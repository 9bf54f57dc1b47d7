"""Redis as the queue's transport: refuses what is not exactly a message of ours, before it is unpacked or held."""

import functools
import logging
import time
from typing import Any

from celery.app import amqp
from kombu import Connection
from kombu.transport import redis
from kombu.utils.json import dumps

from lookalike.envelope import Refused, check_control, check_work
from lookalike.queue import QUEUE

logger = logging.getLogger(__name__)

#: kombu raises these if a message lacks something that it reads.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
#: A flood of foreign messages writes one line in this time.
REPORT_EVERY_S = 10.0
REFUSED = "Refused %d message(s) in the broker that lookalike did not send; the last one: %s."


class Refusals:
    """Counts the messages that are refused, and logs one line for all of them in REPORT_EVERY_S."""

    def __init__(self) -> None:
        self._count = 0
        self._reported_at = float("-inf")

    def add(self, error: Exception) -> None:
        self._count += 1
        if time.monotonic() - self._reported_at < REPORT_EVERY_S:
            return
        logger.error(
            "Refused %d message(s) in the broker that lookalike did not send; the last one: %s.", self._count, error
        )
        self._count, self._reported_at = 0, time.monotonic()


refusals = Refusals()


class CheckedRedis(redis.PrefixedStrictRedis):  # type: ignore[misc]
    """A connection on which a refused message of a list looks as if the list were empty."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        answer = super().parse_response(connection, command_name, **options)
        if command_name != "BRPOP" or not answer:
            return answer
        key, message = answer
        return answer if _is_ours(bytes(message), is_work=_name(key) == QUEUE) else None


class QoS(redis.QoS):  # type: ignore[misc]
    """Holds the messages that are not acknowledged, in Redis as well."""

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Return a message to the queue; one that cannot be read would keep all later ones from returning."""
        try:
            super().restore_by_tag(tag, client, leftmost)
        except UNREADABLE as error:
            refusals.add(error)
            self._remove_from_indices(tag).execute()


class Channel(redis.Channel):  # type: ignore[misc]
    """Reads lists through CheckedRedis, and checks what is published."""

    QoS = QoS

    def _get_client(self) -> Any:
        super()._get_client()  # checks the version of redis-py
        return functools.partial(CheckedRedis, global_keyprefix=self.global_keyprefix)

    def _do_restore_message(self, payload: Any, *arguments: Any, **options: Any) -> None:
        """Called in the transaction that removes the record of a held message."""
        if _is_ours(dumps(payload).encode(), is_work=True):
            super()._do_restore_message(payload, *arguments, **options)

    def _handle_message(self, client: Any, response: Any) -> Any:
        received = super()._handle_message(client, response)
        is_message = bytes(received["type"]).endswith(b"message")
        if is_message and not _is_ours(bytes(received["data"]), is_work=False):
            received["data"] = None
        return received


class Transport(redis.Transport):  # type: ignore[misc]
    """Redis with the channel above."""

    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> None:
        """Hand a checked message to Celery; if that fails nevertheless, nobody would ever acknowledge it."""
        try:
            super()._deliver(message, queue)
        except UNREADABLE:
            logger.exception("A message could not be delivered; it is dropped, and its chunk is sent again")
            tag = message["properties"]["delivery_tag"]
            for channel in self.channels:
                if tag in channel.qos._delivered:
                    channel.basic_reject(tag, requeue=False)


class CheckedConnection(Connection):  # type: ignore[misc]
    """Uses the transport above whatever scheme the URL has: rediss and redis+socket have none of their own."""

    def get_transport_cls(self) -> type[Transport]:
        return Transport


class AMQP(amqp.AMQP):  # type: ignore[misc]
    """What Celery's app connects with. In the app alone, because other apps of this process may use Redis too."""

    Connection = CheckedConnection


def _is_ours(message: bytes, *, is_work: bool) -> bool:
    try:
        (check_work if is_work else check_control)(message)
    except Refused as error:
        refusals.add(error)
        return False
    return True


def _name(key: bytes | str) -> str:
    """The queue that a list belongs to: there is one list for each priority."""
    text = key.decode(errors="replace") if isinstance(key, bytes) else key
    return text.partition(Channel.sep)[0]

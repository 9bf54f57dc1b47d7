"""Opens connections over HTTP and keeps them for further requests, unless something arrives on them unasked."""

import select

from aiohttp import TCPConnector
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace


class QuietConnector(TCPConnector):
    """aiohttp takes what arrives between two requests for the answer to the second: one image would have the bytes that
    were meant for another one. Such a connection is closed, as is one that the host has closed meanwhile."""

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        while (connection := await super()._get(key, traces)) is not None:
            if not _has_news(connection):
                return connection
            connection.close()
        return None


def _has_news(connection: Connection) -> bool:
    """Whether anything was received since the last answer, or can be received now."""
    protocol = connection.protocol
    if protocol is None or protocol.should_close or protocol.transport is None:
        return True
    poll = select.poll()
    poll.register(protocol.transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))

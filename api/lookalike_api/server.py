"""The HTTP server: uvicorn with limits on the time and the number of connections, which it lacks."""

import asyncio
import resource
import socket
import struct
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from typing import Any

import h11
import uvicorn
from h11._connection import DEFAULT_MAX_INCOMPLETE_EVENT_SIZE
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from lookalike_api.admission import Busy
from lookalike_api.problem_types import BUSY, ProblemType
from lookalike_api.problems import problem

#: Connections at once. Each needs a descriptor and, at worst, 64 KiB for the head of a request.
MAX_CONNECTIONS = 1000
#: Descriptors for everything else: the index, files, decoders.
OTHER_DESCRIPTORS = 256
BACKLOG = 128
#: In bytes. A longer head may be read, too, if it comes at once.
LONGEST_HEAD = DEFAULT_MAX_INCOMPLETE_EVENT_SIZE
#: For the head of a request, from its first byte or from the connection's begin.
HEAD_TIMEOUT_S = 10.0
#: For all of a request. Longer than an upload may take (uploads.py), which is answered.
REQUEST_TIMEOUT_S = 45.0
#: A client must take as many bytes of an answer in this time.
SEND_TIMEOUT_S, SENT_BYTES = 20.0, 2**18
#: For the rest of a connection after the service has closed its side, and how many refused ones get that time.
CLOSE_TIMEOUT_S = 5.0
MOST_LINGERING = 64
#: After a signal to stop, for answers that are being sent.
STOP_TIMEOUT_S = 10.0

#: SO_LINGER on, with a time of zero.
LINGER_ZERO = struct.pack("ii", 1, 0)


class Connection(H11Protocol):
    """One connection. `check` ends it when the client takes too long."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._incomplete_since: float | None = time.monotonic()
        self._closing_since: float | None = None
        self._is_refused = False
        self._unsent = _Unsent()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) < most_connections():
            super().connection_made(transport)
            return
        self.transport = transport
        self._refuse(503, "The service has too many connections; try again soon.", Busy().headers, BUSY)

    def data_received(self, data: bytes) -> None:
        if self._is_refused or self.transport.is_closing():
            return
        super().data_received(data)
        self._note_progress()

    def connection_lost(self, exc: Exception | None) -> None:
        _lingering.discard(self)
        # None: there were too many.
        if self.flow is not None:
            super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._note_progress()

    def check(self, now: float) -> None:
        """Called about once a second."""
        if self.transport.is_closing():
            self._closing_since = self._closing_since or now
            if now - self._closing_since > CLOSE_TIMEOUT_S:
                self.abort()
        elif self._unsent.is_stuck(self.transport.get_write_buffer_size(), now):
            self.abort()
        elif self._incomplete_since is not None and not self._is_refused:
            self._check_request(now - self._incomplete_since)

    def _check_request(self, took_s: float) -> None:
        if self.conn.their_state is h11.IDLE and took_s > HEAD_TIMEOUT_S:
            if self.conn.trailing_data[0]:
                self._refuse(408, f"The request did not arrive within {HEAD_TIMEOUT_S:g} seconds.")
            else:
                # Browsers open connections in advance, and do not expect an answer.
                self.transport.close()
        elif took_s > REQUEST_TIMEOUT_S:
            self.abort()

    def abort(self) -> None:
        """Reset the connection: otherwise the kernel would keep what the client does not take."""
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        # uvicorn calls this where it handles h11's error, which tells a head that is too long.
        error = sys.exc_info()[1]
        if not (isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431):
            self._refuse(400, "The request is not valid HTTP.")
        elif b"\n" not in self.conn.trailing_data[0]:
            self._refuse(414, f"The address has more than {LONGEST_HEAD:,} bytes: give fewer or shorter filters.")
        else:
            self._refuse(431, f"The headers of the request have more than {LONGEST_HEAD:,} bytes.")

    def _refuse(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        kind: ProblemType | None = None,
    ) -> None:
        """Answer without the application, and close: only when the client has sent all it wants to send, because it may
        read nothing before, and the system discards an answer that is followed by a reset."""
        if self._is_refused:
            return
        self._is_refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            # In the middle of another answer.
            self.transport.close()
            return
        answer = problem(status, detail, headers, kind=kind)
        lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode()), b"connection: close"]
        lines += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        if len(_lingering) >= MOST_LINGERING:
            self.transport.close()
        else:
            _lingering.add(self)
            self.transport.write_eof()
            self.loop.call_later(CLOSE_TIMEOUT_S, self.abort)

    def _note_progress(self) -> None:
        """Remember since when a part of a request is missing."""
        state = self.conn.their_state
        is_incomplete = state is h11.SEND_BODY or (state is h11.IDLE and bool(self.conn.trailing_data[0]))
        if not is_incomplete:
            self._incomplete_since = None
        elif self._incomplete_since is None:
            self._incomplete_since = time.monotonic()


#: Connections that are refused and not closed yet.
_lingering: set[Connection] = set()


class _Unsent:
    """Whether a client takes its answer."""

    def __init__(self) -> None:
        self._size = 0
        self._since = 0.0

    def is_stuck(self, size: int, now: float) -> bool:
        """`size` bytes wait to be sent now."""
        if size == 0 or size > self._size or self._size - size >= SENT_BYTES:
            self._size, self._since = size, now
            return False
        return now - self._since > SEND_TIMEOUT_S


@cache
def most_connections() -> int:
    """At once: as many as this process has descriptors for, after it has asked for more of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OTHER_DESCRIPTORS
    if soft < wanted and soft != resource.RLIM_INFINITY:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    unlimited = soft == resource.RLIM_INFINITY
    return MAX_CONNECTIONS if unlimited else min(MAX_CONNECTIONS, max(soft - OTHER_DESCRIPTORS, soft // 2))


class Server(uvicorn.Server):
    """Checks its connections every second, and stops in bounded time."""

    def __init__(self, application: ASGIApp, host: str, port: int, connection: type[Connection] = Connection) -> None:
        """Logs through the logging setup of this process."""
        logs: dict[str, Any] = {"log_config": None, "log_level": "info"}
        # Whom a proxy serves is read by the application, which knows the proxies (forwarded.py).
        plain: dict[str, Any] = {"server_header": False, "ws": "none", "proxy_headers": False}
        super().__init__(
            uvicorn.Config(application, host=host, port=port, http=connection, backlog=BACKLOG, **logs, **plain)
        )

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            now = time.monotonic()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.check(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: Any = None) -> None:
        ending = asyncio.get_running_loop().call_later(STOP_TIMEOUT_S, self._abort)
        await super().shutdown(sockets)
        ending.cancel()

    def _abort(self) -> None:
        """Close what is still open, so that the requests end as if their clients had gone."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, Connection):
                connection.abort()

"""A TCP proxy that can fail like a network: black holes, delays, resets and refused connections."""

import asyncio
import contextlib
import socket
import struct
from enum import Enum, auto
from types import TracebackType
from typing import Self

from testing.event_loop import LoopThread, end_all

READ_SIZE_BYTES = 64 * 1024
#: SO_LINGER on, with a time of zero: closing the socket sends RST instead of FIN.
LINGER_ZERO = struct.pack("ii", 1, 0)


class Fault(Enum):
    """What the proxy does to connections."""

    NONE = auto()
    #: Accept connections, drop what they send and never answer. Connections that were open before stay dead for good.
    BLACK_HOLE = auto()
    #: Delay answers.
    STALL = auto()
    #: Forward the request, and reset the connection when the answer comes.
    RESET = auto()
    #: Reset open connections, and refuse new ones.
    REFUSE = auto()


class Connection:
    """The two sockets of one client. A dead connection drops what either side sends."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.is_dead = False

    def reset(self) -> None:
        for writer in filter(None, (self.client, self.server)):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
            writer.transport.abort()


class Proxy:
    """Listens on a port of its own and forwards everything to `host:port`, until a fault begins."""

    def __init__(self, host: str, port: int, address: str = "127.0.0.1") -> None:
        """`address` is the local address to listen on."""
        self._behind = (host, port)
        self._address = address
        self._fault = Fault.NONE
        self._stall_s = 0.0
        self._connections: set[Connection] = set()
        self._loop = LoopThread()
        self._listener: asyncio.Server | None = None
        self.port = 0

    def black_hole(self) -> None:
        self._loop.run(self._begin(Fault.BLACK_HOLE))

    def stall(self, seconds: float) -> None:
        self._stall_s = seconds
        self._loop.run(self._begin(Fault.STALL))

    def reset(self) -> None:
        self._loop.run(self._begin(Fault.RESET))

    def refuse(self) -> None:
        self._loop.run(self._begin(Fault.REFUSE))

    def heal(self) -> None:
        """Forward new connections again. Connections that fell into the black hole stay dead."""
        self._loop.run(self._begin(Fault.NONE))

    def __enter__(self) -> Self:
        self._loop.start()
        self._loop.run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._end())
        self._loop.end()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._accepted, self._address, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _begin(self, fault: Fault) -> None:
        self._fault = fault
        if fault is Fault.REFUSE and self._listener:
            self._listener.close()
            self._listener = None
            for connection in list(self._connections):
                connection.reset()
        elif fault is not Fault.REFUSE and self._listener is None:
            await self._listen()
        if fault is Fault.BLACK_HOLE:
            for connection in self._connections:
                connection.is_dead = True

    async def _end(self) -> None:
        if self._listener:
            self._listener.close()
        for connection in list(self._connections):
            connection.reset()
        await end_all()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer)
        connection.is_dead = self._fault is Fault.BLACK_HOLE
        self._connections.add(connection)
        try:
            await self._join(connection, reader)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            connection.reset()
            self._connections.discard(connection)

    async def _join(self, connection: Connection, reader: asyncio.StreamReader) -> None:
        """Carry bytes both ways until either side closes."""
        if connection.is_dead:
            return await _swallow(reader)
        answers, connection.server = await asyncio.open_connection(*self._behind)
        there = asyncio.create_task(self._carry(connection, reader, connection.server))
        back = asyncio.create_task(self._carry(connection, answers, connection.client, is_answer=True))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            if connection.is_dead and not there.done():
                await there
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _carry(
        self,
        connection: Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        is_answer: bool = False,
    ) -> None:
        while data := await reader.read(READ_SIZE_BYTES):
            if is_answer and self._fault is Fault.RESET:
                return
            if is_answer and self._fault is Fault.STALL:
                await asyncio.sleep(self._stall_s)
            if connection.is_dead:
                continue
            writer.write(data)
            await writer.drain()


async def _swallow(reader: asyncio.StreamReader) -> None:
    while await reader.read(READ_SIZE_BYTES):
        pass

"""A web server that serves bytes in order, late, seldom or never: a host of images with the faults of real ones.

`python -m testing.services.web FOLDER` serves a folder in a process of its own, for measurements.
"""

import argparse
import asyncio
import contextlib
import hashlib
import random
import re
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from testing.event_loop import LoopThread, end_all

#: SO_LINGER on, with a time of zero: closing the socket sends RST instead of FIN.
LINGER_ZERO = struct.pack("ii", 1, 0)
#: The first byte of a client that speaks TLS.
TLS_HANDSHAKE = b"\x16"
MODIFIED_AT = 1_700_000_000


@dataclass(frozen=True)
class Request:
    """What a client sent. `connection` counts the connections; `server` is the address that it connected to."""

    method: str
    target: str
    headers: Mapping[str, str]
    connection: int
    server: str

    @property
    def path(self) -> str:
        return self.target if self.method == "CONNECT" else unquote(urlsplit(self.target).path)


@dataclass
class Answer:
    """An answer in order. `extra` are further headers, None values remove one."""

    data: bytes = b""
    status: int = 200
    content_type: str = "image/jpeg"
    extra: Mapping[str, str | None] = field(default_factory=dict)
    knows_ranges: bool = True
    knows_conditions: bool = True

    def parts(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """Status, header and body for a request."""
        status, body = self.status, self.data
        headers: dict[str, str | None] = {
            "Content-Type": self.content_type,
            "ETag": f'"{hashlib.sha256(self.data).hexdigest()[:16]}"',
            "Last-Modified": formatdate(MODIFIED_AT, usegmt=True),
        }
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
        if wanted and self.knows_ranges and status == HTTPStatus.OK:
            status, body = self._range(headers, int(wanted[1]), int(wanted[2]))
        headers |= {"Content-Length": str(len(body)), **self.extra}
        if status == HTTPStatus.OK and self.knows_conditions and self._is_known(headers, request):
            status, body = HTTPStatus.NOT_MODIFIED, b""
            headers["Content-Length"] = None
        return status, {name: value for name, value in headers.items() if value is not None}, body

    def _is_known(self, headers: Mapping[str, str | None], request: Request) -> bool:
        """Whether the client has this very content, by tags as weak ones, or else by the date."""
        if (tags := request.headers.get("if-none-match")) is not None:
            tag = (headers["ETag"] or "none").removeprefix("W/")
            return tag in [known.strip().removeprefix("W/") for known in tags.split(",")]
        return request.headers.get("if-modified-since", "") == headers["Last-Modified"]

    def _range(self, headers: dict[str, str | None], start: int, end: int) -> tuple[int, bytes]:
        if start >= len(self.data):
            headers["Content-Range"] = f"bytes */{len(self.data)}"
            return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b""
        body = self.data[start : end + 1]
        headers["Content-Range"] = f"bytes {start}-{start + len(body) - 1}/{len(self.data)}"
        return HTTPStatus.PARTIAL_CONTENT, body


#: Writes whatever it wants in place of an answer; the connection is closed behind it.
Handler = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


class WebServer:
    """Serves in a thread of its own for the length of a `with` block, on a port of its own.

    Everything may be changed meanwhile. `delay_s` is the time before each answer. `share_503` and `share_reset` are the
    shares of requests that fail that way, drawn with `seed`; `refused` counts the first. A host that `hangs` takes
    requests and answers none.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        delay_s: float = 0.0,
        share_503: float = 0.0,
        share_reset: float = 0.0,
        hangs: bool = False,
        retry_after: str | None = None,
        seed: int = 0,
    ) -> None:
        self.host = host
        self.port = port
        self.tls = tls
        self.delay_s = delay_s
        self.share_503 = share_503
        self.share_reset = share_reset
        self.hangs = hangs
        self.retry_after = retry_after
        self.requests: list[Request] = []
        self.most_at_once = 0
        self.connections = 0
        self.refused = 0
        self._at_once = 0
        self._random = random.Random(seed)
        self._answers: dict[str, Answer | Handler] = {}
        self._folder: Path | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = LoopThread()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The address of the host, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def put(self, path: str, answer: Answer | Handler | bytes) -> str:
        """Answer requests for a path (percent-decoded, without query) from now on; returns its url."""
        self._answers[path] = Answer(answer) if isinstance(answer, bytes) else answer
        return self.url + path

    def serve(self, folder: Path) -> None:
        """Answer requests for other paths with the files below a folder."""
        self._folder = folder

    def paths(self, method: str = "GET") -> list[str]:
        """The paths that were asked for."""
        return [request.path for request in self.requests if request.method == method]

    def __enter__(self) -> Self:
        self._loop.start()
        self._loop.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._stop())
        self._loop.end()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(
            self._connected, self.host, self.port, ssl=self.tls, backlog=1024, limit=2**20
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await end_all()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self._writers.add(writer)
        try:
            while (request := await _request(reader, writer, number)) is not None:
                self.requests.append(request)
                if not await self._answered(request, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answered(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; whether the connection stays open."""
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.hangs:
                await asyncio.Event().wait()
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            fate = self._random.random()
            if fate < self.share_reset:
                reset(writer)
                return False
            answer = self._busy() if fate < self.share_reset + self.share_503 else self._found(request)
            if not isinstance(answer, Answer):
                await answer(request, writer)
                with contextlib.suppress(OSError):
                    await writer.drain()
                return False
            await _send(answer, request, writer)
            return request.headers.get("connection", "").lower() != "close"
        finally:
            self._at_once -= 1

    def _busy(self) -> Answer:
        self.refused += 1
        return Answer(status=503, content_type="text/plain", extra={"Retry-After": self.retry_after})

    def _found(self, request: Request) -> Answer | Handler:
        if (answer := self._answers.get(request.path)) is not None:
            return answer
        if self._folder and (file := self._folder / request.path.lstrip("/")).is_file():
            return Answer(file.read_bytes())
        return Answer(b"no such page", 404, "text/plain")


class BreaksOff:
    """Gives parts in order, but none from the middle on."""

    def __init__(self, content: bytes, *, gives_parts: bool) -> None:
        self.content = content
        self.gives_parts = gives_parts

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        status, headers, body = Answer(self.content, knows_ranges=self.gives_parts).parts(request)
        text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        is_behind = start > len(self.content) // 2 or not self.gives_parts
        writer.write(f"HTTP/1.1 {status} x\r\n{text}Connection: close\r\n\r\n".encode())
        writer.write(body[: len(body) // 2] if is_behind else body)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with RST."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    writer.transport.abort()


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> Request | None:
    try:
        begin = await reader.readexactly(1)
        if begin == TLS_HANDSHAKE:
            # As nginx answers it.
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return None
        head = begin + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return Request(method, target, headers, connection, str(writer.get_extra_info("sockname")[0]))


async def _send(answer: Answer, request: Request, writer: asyncio.StreamWriter) -> None:
    status, headers, body = answer.parts(request)
    lines = [f"HTTP/1.1 {int(status)} x", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if request.method == "HEAD" else body))
    await writer.drain()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    for name in ("--delay-s", "--share-503", "--share-reset"):
        parser.add_argument(name, type=float, default=0.0)
    parser.add_argument("--hangs", action="store_true")
    chosen = vars(parser.parse_args())
    folder = chosen.pop("folder")
    with WebServer(**chosen) as server:
        server.serve(folder)
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()

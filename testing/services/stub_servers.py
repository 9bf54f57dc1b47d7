"""Stub servers for what no package registry offers: old versions, and servers of other makers.

`StubRedis` reports the version that it is given and rejects HELLO. `StubHttpServer` answers every request with one
text, like a web server that is not an OpenSearch, or an OpenSearch of an unsupported version. `StubSecurityApi` keeps
what it is sent, in the place of OpenSearch's security plugin. Everything else is tested against real servers.
"""

import json
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


class _Background:
    """A server in a thread, for the length of a `with` block."""

    scheme = ""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        self.url = f"{self.scheme}://127.0.0.1:{server.socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class StubRedis(_Background):
    scheme = "redis"

    def __init__(self, version: str) -> None:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while command := _command(self):
                    self.wfile.write(_reply(command, version))

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        super().__init__(server)


class StubHttpServer(_Background):
    scheme = "http"

    def __init__(self, text: str, content_type: str = "application/json") -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), Handler))


class StubSecurityApi(_Background):
    """Answers every PUT with `status`; `received` holds the path and the body of each."""

    scheme = "http"

    def __init__(self) -> None:
        self.status = 200
        self.received: list[tuple[str, Any]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stub.received.append((self.path, json.loads(body)))
                self.send_response(stub.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), Handler))

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0


def _command(handler: socketserver.StreamRequestHandler) -> str:
    """The name of the next command; its arguments are read and ignored."""
    parts = []
    for _ in range(int(handler.rfile.readline()[1:] or 0)):
        size = int(handler.rfile.readline()[1:])
        parts.append(handler.rfile.read(size + 2)[:size].decode())
    return parts[0].upper() if parts else ""


def _reply(command: str, version: str) -> bytes:
    if command == "INFO":
        text = f"# Server\r\nredis_version:{version}\r\nrole:master\r\n"
        return f"${len(text)}\r\n{text}\r\n".encode()
    if command == "TIME":
        return f"*2\r\n$10\r\n{int(time.time())}\r\n$1\r\n0\r\n".encode()
    return b"-ERR unknown command 'HELLO'\r\n" if command == "HELLO" else b"+OK\r\n"

"""A door before a real OpenSearch that pushes back as a busy one does, which a test's own server never is."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

PUSHED_BACK = {"type": "rejected_execution_exception", "reason": "rejected execution of coordinating operation"}


class Gate(ThreadingHTTPServer):
    """Answers `answers` first, one a bulk request; then lets everything pass, but for every other operation of a
    bulk request as long as `halve` is positive."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.behind = str(urlsplit(behind).netloc)
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.halve = 0
        #: The ids of every bulk request that came.
        self.bulks: list[list[str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def gate(behind: str) -> Iterator[Gate]:
    """An open gate before the server at this URL."""
    with Gate(behind) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def handle_one_request(self) -> None:
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        if self.raw_requestline and self.parse_request():
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(*(self._bulk(body) if "/_bulk" in self.path else self._forward(body)))

    def _bulk(self, body: bytes) -> tuple[int, bytes]:
        lines = body.splitlines(keepends=True)
        pairs = [b"".join(lines[i : i + 2]) for i in range(0, len(lines), 2)]
        self.server.bulks.append([json.loads(line)["index"]["_id"] for line in lines[::2]])
        if self.server.answers:
            status, answer = self.server.answers.pop(0)
            return status, json.dumps(answer).encode()
        if not self.server.halve:
            return self._forward(body)
        self.server.halve -= 1
        _, passed = self._forward(b"".join(pairs[::2]))
        items = iter(json.loads(passed)["items"])
        refused = {"index": {"status": 429, "error": PUSHED_BACK}}
        return 200, json.dumps({"items": [refused if i % 2 else next(items) for i in range(len(pairs))]}).encode()

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.server.behind, timeout=30)
        connection.request(self.command, self.path, body or None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        status, content = answer.status, answer.read()
        connection.close()
        return status, content

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Tests are silent."""

"""A proxy in front of OpenSearch that rejects requests, or a share of the items of a bulk, like a busy server."""

import http.client
import json
import random
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

PUSHED_BACK = {"type": "rejected_execution_exception", "reason": "rejected execution of coordinating operation"}
REQUEST_TIMEOUT_S = 60.0


class BusyProxy(ThreadingHTTPServer):
    """Forwards everything until `answer` or `push_back` is called. `refused` counts the rejected requests and items."""

    daemon_threads = True

    def __init__(self, behind: str, seed: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = str(urlsplit(behind).netloc)
        self.status = 0
        self.share = 0.0
        self.refused = 0
        self._random = random.Random(seed)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def answer(self, status: int) -> None:
        """Reject every request with this status."""
        self.status = status

    def push_back(self, share: float) -> None:
        """Answer 429 to this share of the items of every bulk request."""
        self.share = share

    def calm(self) -> None:
        self.status, self.share = 0, 0.0

    def refuses(self) -> bool:
        """Whether to reject an item; random."""
        return self._random.random() < self.share

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: the suite kills clients and servers all the time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BusyProxy

    def setup(self) -> None:
        super().setup()
        # Without this, the body of an answer waits 40 ms for the acknowledgement of its headers.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.status:
            self.server.refused += 1
            refusal = json.dumps({"status": self.server.status, "error": PUSHED_BACK}).encode()
            return self._answer(self.server.status, refusal)
        try:
            self._answer(*(self._bulk(body) if self._is_thinned() else self._forward(body)))
        except (OSError, http.client.HTTPException):
            # The server is away: the client sees what it would see without this proxy.
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass

    def _is_thinned(self) -> bool:
        return bool(self.server.share) and "/_bulk" in self.path

    def _bulk(self, body: bytes) -> tuple[int, bytes]:
        """Forward the items that are not refused, and insert the refusals between the answers."""
        lines = body.splitlines(keepends=True)
        pairs = [b"".join(lines[i : i + 2]) for i in range(0, len(lines), 2)]
        ids = [json.loads(line)["index"]["_id"] for line in lines[::2]]
        refused = [self.server.refuses() for _ in pairs]
        self.server.refused += sum(refused)
        kept = b"".join(pair for pair, is_refused in zip(pairs, refused, strict=True) if not is_refused)
        status, content = self._forward(kept) if kept else (200, b'{"items": []}')
        if status != 200:
            return status, content
        answers = iter(json.loads(content)["items"])
        items = [_refusal(id) if no else next(answers) for id, no in zip(ids, refused, strict=True)]
        return 200, json.dumps({"took": 1, "errors": any(refused), "items": items}).encode()

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.server.behind, timeout=REQUEST_TIMEOUT_S)
        try:
            connection.request(self.command, self.path, body or None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing."""


def _refusal(id: str) -> dict[str, Any]:
    return {"index": {"_id": id, "status": 429, "error": PUSHED_BACK}}

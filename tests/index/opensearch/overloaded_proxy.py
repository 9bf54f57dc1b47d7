"""A proxy in front of a real OpenSearch that rejects bulk requests as an overloaded server does, or claims to be of
another version."""

import base64
import http.client
import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

UNFIT = {"type": "illegal_argument_exception", "reason": "of no use"}
REJECTED = {"type": "rejected_execution_exception", "reason": "rejected execution of coordinating operation"}


class OverloadedProxy(ThreadingHTTPServer):
    """Answers bulk requests with `responses` first, one each. It forwards everything else, except every other operation
    of the next `halved` bulk requests, which it rejects.

    `version` is the number that it reports in place of the server's. With `reads_base64` it forwards vectors that are
    base64 as numbers, and rejects documents with the text `refused`. One that `is_starting` knows no index until it is
    asked for a pattern. `once` has a status and a response for the next request to a path that contains the key."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = str(urlsplit(target).netloc)
        self.responses: list[tuple[int, dict[str, Any]]] = []
        self.halved = 0
        self.is_starting = False
        self.once: dict[str, tuple[int, dict[str, Any]]] = {}
        self.refused = b""
        self.version = ""
        self.reads_base64 = False
        #: The body of every bulk request so far, and its ids.
        self.bulk_bodies: list[bytes] = []
        self.merges = 0
        self.bulk_requests: list[list[str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def overloaded_proxy(target: str) -> Iterator[OverloadedProxy]:
    """A proxy in front of the server at this URL, which forwards everything until a test says otherwise."""
    with OverloadedProxy(target) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OverloadedProxy

    def handle_one_request(self) -> None:
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        if self.raw_requestline and self.parse_request():
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._respond(*self._answer(body))

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        if self.server.is_starting and "*" not in self.path:
            error = {"type": "index_not_found_exception", "reason": "no such index"}
            return 404, json.dumps({"error": error, "status": 404}).encode()
        self.server.is_starting = False
        for part in [part for part in self.server.once if part in self.path]:
            status, response = self.server.once.pop(part)
            return status, json.dumps(response).encode()
        if "/_bulk" in self.path and not body.startswith(b'{"delete"'):
            return self._bulk(body)
        self.server.merges += "/_forcemerge" in self.path
        status, content = self._forward(body)
        if self.path == "/" and self.server.version:
            greeting = json.loads(content)
            greeting["version"]["number"] = self.server.version
            content = json.dumps(greeting).encode()
        return status, content

    def _bulk(self, body: bytes) -> tuple[int, bytes]:
        lines = body.splitlines(keepends=True)
        pairs = [b"".join(lines[i : i + 2]) for i in range(0, len(lines), 2)]
        self.server.bulk_bodies.append(body)
        self.server.bulk_requests.append([json.loads(line)["index"]["_id"] for line in lines[::2]])
        if self.server.responses:
            status, response = self.server.responses.pop(0)
            return status, json.dumps(response).encode()
        if self.server.reads_base64:
            pairs = [_with_numbers(pair.splitlines(keepends=True)) for pair in pairs]
            is_refused = [bool(self.server.refused) and self.server.refused in pair for pair in pairs]
            return self._partly(pairs, is_refused, {"status": 400, "error": UNFIT})
        if not self.server.halved:
            return self._forward(body)
        self.server.halved -= 1
        return self._partly(pairs, [bool(i % 2) for i in range(len(pairs))], {"status": 429, "error": REJECTED})

    def _partly(self, pairs: list[bytes], is_rejected: list[bool], answer: dict[str, Any]) -> tuple[int, bytes]:
        """Forward the operations that are not rejected; the others have this answer."""
        wanted = b"".join(pair for pair, bad in zip(pairs, is_rejected, strict=True) if not bad)
        items = iter(json.loads(self._forward(wanted)[1])["items"] if wanted else ())
        return 200, json.dumps({"items": [{"index": answer} if bad else next(items) for bad in is_rejected]}).encode()

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.server.target, timeout=30)
        connection.request(self.command, self.path, body or None, {"Content-Type": "application/json"})
        response = connection.getresponse()
        status, content = response.status, response.read()
        connection.close()
        return status, content

    def _respond(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the output of the tests clean."""


def _with_numbers(lines: list[bytes]) -> bytes:
    """An operation of a bulk request as OpenSearch 3.8 reads it (k-NN#3350): base64 of little-endian floats is a
    vector."""
    source = json.loads(lines[1])
    if isinstance(text := source.get("image_embedding"), str):
        packed = base64.b64decode(text, validate=True)
        source["image_embedding"] = struct.unpack(f"<{len(packed) // 4}f", packed)
    return lines[0] + json.dumps(source).encode() + b"\n"

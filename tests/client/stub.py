"""A server with answers that a test gives."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from threading import Thread

#: Status, headers and body of an answer.
Scripted = tuple[int, dict[str, str], str]
BUSY: Scripted = (503, {"Retry-After": "0"}, '{"status": 503, "detail": "The service is busy."}')
NO_LABELS: Scripted = (200, {}, '{"labels": [], "news": true}')


@contextmanager
def answering(*answers: Scripted) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these answers, the last one again and again; yields its URL and the requests it received."""
    seen: list[str] = []
    coming = chain(answers, repeat(answers[-1]))

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.path} {self.headers.get('Authorization')}")
            status, headers, body = next(coming)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

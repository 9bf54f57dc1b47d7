"""A proxy that serves another server under a prefix, which it strips and names, as Traefik and nginx can."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

#: Of one connection (RFC 9110, 7.6.1), or written by the server itself.
NOT_FORWARDED = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
TIMEOUT_S = 60.0


@contextmanager
def proxy(url: str, prefix: str) -> Iterator[str]:
    """The address of the server at `url` behind the proxy, without a slash at its end."""

    class Forwarding(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not self.path.startswith(prefix):
                self.send_error(404)
                return
            headers = {name: text for name, text in self.headers.items() if name.lower() not in NOT_FORWARDED}
            headers["X-Forwarded-Prefix"] = prefix
            path = "/" + self.path.removeprefix(prefix).lstrip("/")
            with closing(HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)) as connection:
                connection.request(self.command, path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            self.send_response_only(answer.status)
            for name, text in answer.getheaders():
                if name.lower() not in NOT_FORWARDED:
                    self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with serving_in_thread(Forwarding) as address:
        yield address + prefix


@contextmanager
def serving_in_thread(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""A real query service in a thread: the server of `lookalike serve`, without a separate process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from lookalike.settings import Settings
from lookalike_cli.serve import make_server
from testing.processes import await_true

TIMEOUT_S = 60.0


@contextmanager
def serving(settings: Settings, *, host: str = "127.0.0.1", is_ready: bool = True) -> Iterator[httpx2.Client]:
    """A client of a service that listens and, with `is_ready`, can search."""
    server = make_server(settings, host, 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        await_true(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S) as client:
            if is_ready:
                await_true(lambda: client.get("/health/ready").status_code == 200)
            yield client
    finally:
        server.should_exit = True
        thread.join()

"""A real query service in a thread: the server of `lookalike serve`, without a separate process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import httpx2
import pytest

from lookalike.settings import Settings
from lookalike_api import state
from lookalike_api.decoders import Decoders
from lookalike_cli.serve import make_server
from testing.processes import await_true

TIMEOUT_S = 60.0
#: A busy machine may take half a second from a decoder, and its image would be refused as one of too many slow ones.
PATIENT_S = 30.0


@contextmanager
def serving(
    settings: Settings, *, host: str = "127.0.0.1", is_ready: bool = True, quick_s: float = PATIENT_S
) -> Iterator[httpx2.Client]:
    """A client of a service that listens and, with `is_ready`, can search. An image that takes longer than `quick_s` to
    decode leaves its place to others."""
    server = make_server(settings, host, 0)
    thread = threading.Thread(target=server.run)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(state, "Decoders", partial(Decoders, quick_s=quick_s))
            thread.start()
            await_true(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S) as client:
            if is_ready:
                await_true(lambda: client.get("/health/ready").status_code == 200)
            yield client
    finally:
        server.should_exit = True
        thread.join()

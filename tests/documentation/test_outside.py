"""The check of links to other hosts says what came, and tells a page that is gone from a host that says nothing."""

import socket

from documentation.outside import faults
from testing.services.ports import free_port
from testing.services.web import Answer, WebServer


def test_each_address_is_asked_and_what_came_is_named() -> None:
    with WebServer() as web, socket.create_server(("127.0.0.1", 0)) as silent:
        good = web.put("/page", b"a page")
        moved = web.put("/moved", Answer(status=301, extra={"Location": "/page"}))
        gone = web.put("/moved-away", Answer(status=302, extra={"Location": "/gone"}))
        around = web.put("/around", Answer(status=302, extra={"Location": "/around"}))
        busy = web.put("/busy", Answer(status=429, extra={"Retry-After": "60"}))
        # It accepts and never answers.
        slow = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        closed, invalid = f"http://127.0.0.1:{free_port()}/", "http://[::1/"
        # Enough for a process that stands still; only the silent host takes it all.
        found = faults([good, moved, gone, around, busy, slow, closed, invalid], timeout_s=3)
    assert (found[good], found[moved], found[gone]) == ("", "", "answered 404")
    assert "too many requests" in found[busy] and found[busy].startswith("answered 429")
    for address in (around, slow, closed, invalid):
        assert found[address].startswith("not reached: "), found[address]

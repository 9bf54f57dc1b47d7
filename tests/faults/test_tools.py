"""The suite's own tools: the proxies inject faults, and the checks find problems."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from lookalike.records import Reason, document_id
from testing.processes import TIMEOUT_S
from testing.proxy import Proxy
from tests.faults import invariants, report
from tests.faults.busy_proxy import BusyProxy
from tests.faults.images import make_source
from tests.faults.invariants import Findings, InvariantBroken, Stored
from tests.faults.play import Row
from tests.faults.rig import PATCHES
from tests.faults.scenarios import SCENARIOS

#: The patches that the suite uses.
NAMES = (
    *("slow", "poison", "short_waits"),
    *("early_acknowledgement", "no_reconciler", "random_ids", "default_bulk"),
    *("kept_documents", "lists_of_their_own"),
)


class Echo(BaseHTTPRequestHandler):
    """Answers a bulk request with one success per item, every other request with its own body."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "/_bulk" in self.path:
            done = [{"index": {"_id": json.loads(line)["index"]["_id"], "status": 201}} for line in body.split()[::2]]
            body = json.dumps({"items": done}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors: the tests reset its clients."""


@pytest.fixture
def server_port() -> Iterator[int]:
    with Server(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(server_port: int) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", server_port) as opened:
        yield opened


class Client:
    """A client that keeps one connection."""

    def __init__(self, port: int, timeout_s: float = 0.5) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def ask(self, body: bytes = b"x", path: str = "/") -> tuple[int, bytes]:
        self._connection.request("POST", path, body)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[Client]:
    opened = Client(proxy.port)
    yield opened
    opened.close()


def test_a_calm_proxy_forwards_everything(client: Client) -> None:
    body = b"x" * 1_000_000
    assert client.ask(body) == (200, body)


def test_a_black_hole_answers_no_request_and_its_connections_stay_dead(proxy: Proxy, client: Client) -> None:
    client.ask()
    proxy.black_hole()
    with pytest.raises(TimeoutError):
        client.ask()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3) as fresh, pytest.raises(TimeoutError):
        fresh.sendall(b"x")
        fresh.recv(1)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3) as open_before:
        open_before.sendall(b"x")
        proxy.heal()
        with pytest.raises(TimeoutError):
            open_before.recv(1)
    later = Client(proxy.port)
    assert later.ask() == (200, b"x")
    later.close()


def test_a_stall_only_delays(proxy: Proxy, client: Client) -> None:
    proxy.stall(0.2)
    assert client.ask() == (200, b"x")
    proxy.stall(2)
    with pytest.raises(TimeoutError):
        client.ask()


def test_a_reset_comes_after_the_request_arrived(proxy: Proxy, client: Client) -> None:
    client.ask()
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.ask()
    proxy.heal()
    client.close()
    assert client.ask() == (200, b"x")


def test_a_refusal_resets_open_connections_and_accepts_no_new_ones(proxy: Proxy, client: Client) -> None:
    client.ask()
    proxy.refuse()
    with pytest.raises(ConnectionResetError):
        client.ask()
    client.close()
    with pytest.raises(ConnectionRefusedError):
        client.ask()
    client.close()
    proxy.heal()
    assert client.ask() == (200, b"x")


def test_a_busy_proxy_rejects_requests_or_a_share_of_items(server_port: int) -> None:
    lines = [line for id in range(100) for line in (b'{"index":{"_id":"%d"}}' % id, b"{}")]
    body = b"\n".join(lines) + b"\n"
    with BusyProxy(f"http://127.0.0.1:{server_port}") as busy_proxy:
        client = Client(busy_proxy.port)
        busy_proxy.push_back(0.3)
        items = [item["index"] for item in json.loads(client.ask(body, "/_bulk")[1])["items"]]
        assert [item["_id"] for item in items] == [str(id) for id in range(100)]
        assert 15 < sum(item["status"] == 429 for item in items) < 45
        assert busy_proxy.refused == sum(item["status"] == 429 for item in items)
        busy_proxy.answer(503)
        assert client.ask()[0] == 503
        busy_proxy.calm()
        assert client.ask() == (200, b"x")
        client.close()


def test_every_patch_applies_to_the_product() -> None:
    """If this fails, a name that a patch changes has moved: change the patch too."""
    code = """
import importlib, os, sitecustomize as patches
names = {module for changes in patches.PATCHES.values() for module, _ in changes}
for name in sorted(names):
    importlib.import_module(name)
print(len(names))
"""
    chosen = {"PYTHONPATH": str(PATCHES), "FAULT_PATCHES": ",".join(NAMES), "FAULT_DECODE_S": "0"}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, env={**os.environ, **chosen}, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 5


def test_findings_list_each_problem(tmp_path: Path) -> None:
    assert Findings(resent=3).problems() == []
    with pytest.raises(InvariantBroken, match=r"1 lost, such as /a\.jpg; 1 stalled, such as worker1"):
        Findings(lost=("/a.jpg",), stalled=("worker1",)).must_hold()


def test_a_second_document_of_a_uri_and_an_unexpected_id_are_duplicates() -> None:
    good = Stored(document_id("/a.jpg"), "/a.jpg", np.ones(3, np.float32))
    assert invariants._duplicated([good]) == ()
    assert invariants._duplicated([good, replace(good, id="other")]) == ("/a.jpg",)
    assert invariants._duplicated([replace(good, id="other")]) == ("/a.jpg",)


def test_a_rejection_is_on_the_one_list_that_the_ledger_notes() -> None:
    holders = {"/a.jpg": "job1", "/b.jpg": "job2"}
    good = {"job1": {"/a.jpg": "empty"}, "job2": {"/b.jpg": "empty"}}
    assert invariants._relisted(good, holders) == ()
    assert invariants._relisted(good | {"job3": {"/a.jpg": "empty"}}, holders) == ("/a.jpg",)
    assert invariants._relisted({"job1": good["job1"]}, holders) == ("/b.jpg",)


def test_a_wrong_vector_and_a_wrong_reason_are_found(tmp_path: Path) -> None:
    source = make_source(tmp_path / "pictures", 80)
    uri, number = next(iter(source.good.items()))
    stored = Stored(document_id(uri), uri, np.array([1, 0.01], np.float32))
    assert invariants._wrong_vectors(source, [stored], {number: np.array([1, 0.01], np.float32)}) == ()
    assert invariants._wrong_vectors(source, [stored], {number: np.array([1, 0.02], np.float32)}) == (uri,)
    planted = {uri: str(reason) for uri, reason in source.bad.items()}
    assert invariants._wrong_reasons(source, planted) == ()
    assert len(invariants._wrong_reasons(source, {})) == len(source.bad) == 2
    assert len(invariants._wrong_reasons(source, planted | {uri: Reason.CORRUPT})) == 1


def test_results_are_replaced_or_added_and_the_rest_of_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    begin = "Written by people.\n\n2026-01-02, 2 cores; repeat with `make faults`.\n\n"
    calm, killed, stopped = (next(each for each in SCENARIOS if each.id == id) for id in ("F0", "F1", "F3"))
    old = [Row(calm, {}, 10, Findings(), None, 1, {}), Row(killed, {"killed": 1}, 10, Findings(), 4.0, 1, {})]
    page.write_text(f"{begin}{report.table(old)}\n")
    new = [
        Row(killed, {"killed": 5}, 99, Findings(lost=("/a",)), 2.5, 1, {}),
        Row(stopped, {"stopped": 1}, 9, Findings(), 1.0, 1, {}),
    ]
    report.renew(new, page)
    assert page.read_text() == f"{begin}{report.table([old[0], *new])}\n"
    report.write(new, "make faults", page)
    written = page.read_text()
    assert written.startswith("Written by people.\n\n20") and "2026-01-02" not in written
    assert written.endswith(f"repeat with `make faults`.\n\n{report.table(new)}\n")

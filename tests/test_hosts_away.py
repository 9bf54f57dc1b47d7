"""A list of images over several hosts, with real processes: hosts that are dead, hang, are busy or come back."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lookalike.samples import draw_samples
from testing.processes import answer, await_true, lookalike, make_home, processes, started, worker_processes
from testing.services.ports import free_port
from testing.services.web import WebServer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    draw_samples(folder, per_class=2, seed=5)
    return folder


@pytest.fixture
def host(folder: Path) -> Iterator[WebServer]:
    with WebServer() as server:
        server.serve(folder)
        yield server


@pytest.fixture
def environment(tmp_path: Path, model_home: Path) -> Iterator[dict[str, str]]:
    home = make_home(tmp_path, model_home)
    yield {
        **os.environ,
        "LOOKALIKE_HOME": str(home),
        "LOOKALIKE_CHUNK_SIZE": "8",
        "LOOKALIKE_HOST_WAIT_S": "6",
    }
    assert processes(home) == {}


def allowing(environment: dict[str, str], *hosts: str) -> dict[str, str]:
    return environment | {"LOOKALIKE_ROOTS": json.dumps(["/", *(f"{host}/" for host in hosts)])}


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def listed(file: Path, urls: list[str]) -> Path:
    file.write_text("\n".join(urls))
    return file


def reasons(environment: dict[str, str], job: str) -> dict[str, str]:
    items = answer(lookalike(environment, "failed", "list", job, "--json"))["failed"]
    return {item["uri"]: item["reason"] for item in items}


def numbers(summary: dict[str, Any]) -> tuple[int, int, int, int]:
    return summary["found"], summary["indexed"], summary["unchanged"], summary["rejected"]


def test_a_dead_host_costs_its_own_images_only(
    environment: dict[str, str], host: WebServer, folder: Path, tmp_path: Path
) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    environment = allowing(environment, dead, host.url)
    alive = [f"{host.url}/{name}" for name in names(folder)]
    lost = [f"{dead}/{name}" for name in names(folder)[::3]]
    mixed = [url for pair in zip(alive, lost * 3, strict=False) for url in pair][: len(alive) + len(lost)]
    source = listed(tmp_path / "urls.txt", list(dict.fromkeys([*mixed, *alive, *lost, f"{host.url}/gone.jpg"])))
    summary = answer(lookalike(environment, "ingest", source, "--json"))
    assert numbers(summary) == (len(alive) + len(lost) + 1, len(alive), 0, len(lost) + 1)
    assert Counter(reasons(environment, summary["job"]).values()) == {"host_unavailable": len(lost), "not_found": 1}
    # What has the etag of its document is not read again.
    before = len(host.requests)
    again = answer(lookalike(environment, "ingest", source, "--json"))
    assert numbers(again) == (len(alive) + len(lost) + 1, 0, len(alive), len(lost) + 1)
    unconditional = {request.path for request in host.requests[before:] if "if-none-match" not in request.headers}
    assert unconditional <= {"/gone.jpg", "/robots.txt"}


def test_images_that_wait_survive_a_killed_worker_and_are_indexed_when_their_host_is_back(
    environment: dict[str, str], host: WebServer, folder: Path, tmp_path: Path
) -> None:
    with WebServer(hangs=True) as other:
        other.serve(folder)
        environment = allowing(environment, other.url, host.url) | {"LOOKALIKE_HOST_WAIT_S": "120"}
        urls = [f"{server.url}/{name}" for name in names(folder) for server in (host, other)]
        home = Path(environment["LOOKALIKE_HOME"])
        with started(environment, "ingest", listed(tmp_path / "urls.txt", urls), "--json") as ingest:
            await_true(lambda: waiting(environment) == {other.url: len(urls) // 2})
            os.kill(worker_processes(home)[0], signal.SIGKILL)
            other.hangs = False
            stdout, stderr = ingest.communicate(timeout=120)
        assert ingest.returncode == 0, stderr
        summary = json.loads(stdout)
        assert numbers(summary) == (len(urls), len(urls), 0, 0)
        assert waiting(environment) == {}


def waiting(environment: dict[str, str]) -> dict[str, int]:
    """How many images of the latest job wait for each host, as `status` says it."""
    jobs = answer(lookalike(environment, "status", "--json"))["jobs"]
    found = answer(lookalike(environment, "status", jobs[0]["job"], "--json"))["waiting"] if jobs else []
    return {item["host"]: item["images"] for item in found}

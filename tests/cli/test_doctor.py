"""`lookalike doctor` finds what is wrong and says it first; the programs themselves find the same before they work."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from lookalike_cli.doctor.command import CHECKS
from lookalike_cli.doctor.finding import Finding, examine
from lookalike_cli.doctor.screen import screen
from rich.console import Console

from lookalike.machine import usable_cores
from lookalike.settings import read_settings
from testing.processes import answer, lookalike
from testing.services.opensearch import request
from testing.services.ports import free_port
from testing.services.stub_servers import StubHttpServer
from tests.index.documents import COSINE

ABSENT = f"127.0.0.1:{free_port()}"
#: What the screen of a support person holds.
LINES = 25


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(tmp_path / "home")}


@pytest.fixture
def stranger() -> Iterator[StubHttpServer]:
    """A web server in the place of Redis and OpenSearch."""
    with StubHttpServer("<html>hello</html>", "text/html") as server:
        yield server


def found(**settings: object) -> dict[str, list[Finding]]:
    """By subject, in this process, which costs no start."""
    findings: dict[str, list[Finding]] = {}
    for finding in examine(read_settings(**settings), CHECKS):
        findings.setdefault(finding.what, []).append(finding)
    return findings


def test_doctor_finds_a_fresh_machine_fine(environment: dict[str, str]) -> None:
    findings = answer(lookalike(environment, "doctor", "--json"))
    assert findings["fine"]
    assert all(set(item) == {"what", "is_fine", "detail", "advice"} for item in findings["findings"])
    details = {item["what"]: item["detail"] for item in findings["findings"]}
    assert {"broker", "home", "index", "model", "packages", "ports", "python", "settings", "workers"} <= set(details)
    assert f"{usable_cores()} processes of 1 thread" in details["embedding"]


def test_everything_wrong_at_once_is_on_one_screen_and_first(
    environment: dict[str, str], stranger: StubHttpServer, tmp_path: Path
) -> None:
    (tmp_path / "home").touch()
    host = stranger.url.removeprefix("http://")
    wrong = {
        "LOOKALIKE_BROKER_URL": f"redis://:secret@{host}",
        "LOOKALIKE_INDEX_URL": f"http://user:secret@{host}",
        "LOOKALIKE_API_KEY": "secret",
        "LOOKALIKE_ROOTS": '["/no/such"]',
        "LOOKALIKE_MODEL": "/no/such.keras",
        "LOOKALIKE_PREPROCESSING": "tf",
        "LOOKALIKE_INDEXURL": "x",
        "COLUMNS": "200",
    }
    shown = lookalike({**environment, **wrong}, "doctor", code=1).stdout
    assert "secret" not in shown and "api_key = *** (environment)" in shown
    lines = shown.splitlines()
    marks = [line.split()[1] for line in lines if line.split()[1:2] in (["wrong"], ["look"], ["fine"])]
    assert marks[:6] == ["wrong"] * 5 + ["look"]
    named = (
        "home cannot be written",
        "no Redis",
        "not an OpenSearch server",
        "/no/such of",
        "/no/such.keras",
        "LOOKALIKE_INDEX_URL?",
    )
    assert [name for name in named if name not in "\n".join(lines[:14])] == []
    assert len(lines) <= LINES


def test_doctor_names_what_is_away(tmp_path: Path) -> None:
    findings = found(home=tmp_path, broker_url=f"redis://{ABSENT}", index_url=f"http://{ABSENT}")
    assert findings["broker"][0].is_fine is False and ABSENT in findings["broker"][0].detail
    assert findings["index"][0].is_fine is False and ABSENT in findings["index"][0].detail


def test_what_only_threatens_is_to_be_looked_at_and_fine(tmp_path: Path, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        findings = found(home=tmp_path, broker_url=redis_url)["broker"]
        client.config_set("maxmemory-policy", "noeviction")
    assert [(finding.is_fine, bool(finding.advice)) for finding in findings] == [(True, False), (None, True)]
    assert "allkeys-lru" in findings[1].detail


def test_an_index_is_shown_with_its_server_and_what_blocks_it(tmp_path: Path, opensearch_url: str) -> None:
    from lookalike.index import open_index

    open_index(opensearch_url, "images").ensure(COSINE)
    request(opensearch_url, "PUT", "/images-v1/_settings", {"index.blocks.read_only_allow_delete": True})
    findings = found(home=tmp_path, index_url=opensearch_url)
    assert findings["opensearch"][0].detail.startswith(f"{opensearch_url}: OpenSearch ")
    assert "green" in findings["shards"][0].detail
    wrong = [finding.detail for finding in findings["index"] + findings["documents"] if finding.is_fine is False]
    assert "flood-stage" in wrong[0] and "holds vectors of" in wrong[1]


def test_a_home_that_is_not_needed_may_be_read_only(tmp_path: Path, redis_url: str) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"
    assert found(home=home)["home"][0].is_fine is False
    baked = tmp_path / "baked"
    (baked / "models").mkdir(parents=True)
    settings: dict[str, object] = {"broker_url": redis_url, "index_url": f"lancedb://{tmp_path}/index"}
    assert found(home=baked, **settings)["home"][0].is_fine is True


def test_a_setting_is_told_with_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LOOKALIKE_CHUNK_SIZE=8\nLOOKALIKE_API_KEY=hunter2\n")
    monkeypatch.setenv("LOOKALIKE_INDEX", "mine")
    told = found(home=tmp_path)["settings"][0].detail
    assert {"chunk_size = 8 (.env)", "api_key = *** (.env)", "index = mine (environment)"} <= set(told.split(", "))
    assert "model" not in told


def test_the_screen_has_what_is_wrong_before_what_to_look_at() -> None:
    findings = [
        Finding("a", None, "told"),
        Finding("b", True, "good", "unneeded"),
        Finding("c", None, "odd", "see"),
        Finding("d", False, "bad", "do"),
    ]
    console = Console(width=40)
    with console.capture() as captured:
        console.print(screen(findings))
    words = captured.get().split()
    assert words == ["d", "wrong", "bad", "do", "c", "look", "odd", "see", "a", "told", "b", "fine", "good"]


@pytest.mark.parametrize("command", ["ingest", "worker", "serve"])
def test_a_program_finds_that_its_broker_is_none(
    command: str, environment: dict[str, str], stranger: StubHttpServer, tmp_path: Path
) -> None:
    url = stranger.url.replace("http", "redis")
    arguments = {"ingest": [str(tmp_path)], "worker": [], "serve": ["--port", str(free_port())]}[command]
    done = lookalike({**environment, "LOOKALIKE_BROKER_URL": url}, command, *arguments, code=1)
    assert f"{url} is no Redis" in done.stderr and len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("command", ["serve", "up"])
def test_a_port_that_is_taken_is_named_before_anything_is_started(
    command: str, environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = lookalike(environment, command, "--port", port, code=1)
    assert f"Port {port} of 127.0.0.1 is taken" in done.stderr and len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "home" / "logs").exists()

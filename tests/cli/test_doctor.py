"""`lookalike doctor` reports problems first; the other programs report the same problems before they work."""

import io
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rich.console import Console

from lookalike.embedding.artifacts.cache import graph_path
from lookalike.embedding.runtimes.choices import FILE, SIZE, Way
from lookalike.embedding.runtimes.graphs import kept_choices
from lookalike.factories import model_spec
from lookalike.machine import usable_cores
from lookalike.settings import read_settings
from lookalike.terminal import Output
from lookalike_cli.doctor.command import CHECKS
from lookalike_cli.doctor.finding import Finding, examine
from lookalike_cli.doctor.index import documents
from lookalike_cli.doctor.installation import embedding
from lookalike_cli.doctor.screen import screen
from testing import processes
from testing.processes import answer
from testing.services.opensearch import request
from testing.services.ports import free_port
from testing.services.s3 import S3Server
from testing.services.stub_servers import StubHttpServer
from tests.cli.inprocess import lookalike
from tests.index.documents import COSINE

ABSENT = f"127.0.0.1:{free_port()}"
#: Lines on the screen of a support person.
LINES = 25


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(tmp_path / "home")}


@pytest.fixture
def stranger() -> Iterator[StubHttpServer]:
    """A web server at the address of Redis and OpenSearch."""
    with StubHttpServer("<html>hello</html>", "text/html") as server:
        yield server


def found(**settings: object) -> dict[str, list[Finding]]:
    """The findings by subject."""
    findings: dict[str, list[Finding]] = {}
    for finding in examine(read_settings(**settings), CHECKS):
        findings.setdefault(finding.what, []).append(finding)
    return findings


def test_a_fresh_machine_is_fine(environment: dict[str, str]) -> None:
    findings = answer(lookalike(environment, "doctor", "--json"))
    assert findings["fine"]
    assert all(set(item) == {"what", "is_fine", "detail", "advice"} for item in findings["findings"])
    details = {item["what"]: item["detail"] for item in findings["findings"]}
    assert {"broker", "home", "index", "model", "packages", "ports", "python", "settings", "workers"} <= set(details)
    assert f"{usable_cores()} processes with 1 thread" in details["embedding"]
    assert "a model named with :int8 takes " in details["embedding"]


def test_how_workers_run_an_8_bit_model_is_measured_and_not_guessed(tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path, model="efficientnet-lite0:int8")

    def said() -> str:
        (finding,) = [one for one in examine(settings, [embedding]) if one.what == "embedding"]
        return finding.detail

    before = said()
    assert "a worker will measure what is faster" in before and "slower" not in before
    graph = graph_path(model_spec(settings), tmp_path)
    graph.parent.mkdir(parents=True)
    kept_choices(graph, "auto").keep(Way("bf16", SIZE))
    assert said().endswith(f"with 1 thread, batch size {SIZE}, bf16; measured")
    assert [path.name for path in graph.parent.iterdir()] == [FILE], "it only reads"


def test_many_problems_fit_one_screen_and_come_first(
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
    shown = processes.lookalike({**environment, **wrong}, "doctor", code=3).stdout
    assert "secret" not in shown and "api_key = *** (environment)" in shown
    lines = shown.splitlines()
    marks = [line.split()[1] for line in lines if line.split()[1:2] in (["wrong"], ["look"], ["fine"])]
    assert marks[:6] == ["wrong"] * 5 + ["look"]
    named = (
        "Cannot write to",
        "not a Redis server",
        "not an OpenSearch server",
        "/no/such of",
        "/no/such.keras",
        "LOOKALIKE_INDEX_URL?",
    )
    assert [name for name in named if name not in "\n".join(lines[:14])] == []
    assert len(lines) <= LINES


def test_unreachable_services_are_reported(tmp_path: Path) -> None:
    findings = found(home=tmp_path, broker_url=f"redis://{ABSENT}", index_url=f"http://{ABSENT}")
    assert findings["broker"][0].is_fine is False and ABSENT in findings["broker"][0].detail
    assert findings["index"][0].is_fine is False and ABSENT in findings["index"][0].detail


def test_every_failed_check_of_the_index_has_the_same_name(tmp_path: Path) -> None:
    findings = examine(read_settings(home=tmp_path, model="/no/such.keras"), [documents])
    assert [(finding.what, finding.is_fine) for finding in findings] == [("index", False)]


def test_a_query_service_that_does_not_answer_has_an_advice_that_leads_on(tmp_path: Path) -> None:
    (service,) = found(home=tmp_path, api_url=f"http://{ABSENT}")["service"]
    assert service.is_fine is False and ABSENT in service.detail
    assert "`lookalike serve`" in service.advice and "doctor" not in service.advice


def test_a_risk_is_a_warning_and_not_a_problem(tmp_path: Path, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        findings = found(home=tmp_path, broker_url=redis_url)["broker"]
        client.config_set("maxmemory-policy", "noeviction")
    assert [(finding.is_fine, bool(finding.advice)) for finding in findings] == [(True, False), (None, True)]
    assert "allkeys-lru" in findings[1].detail


def test_an_index_is_shown_with_its_server_and_its_write_block(tmp_path: Path, opensearch_url: str) -> None:
    from lookalike.index import open_index

    open_index(opensearch_url, "images").ensure(COSINE)
    request(opensearch_url, "PUT", "/images-v1/_settings", {"index.blocks.read_only_allow_delete": True})
    findings = found(home=tmp_path, index_url=opensearch_url)
    assert findings["opensearch"][0].detail.startswith(f"{opensearch_url}: OpenSearch ")
    assert "green" in findings["shards"][0].detail
    wrong = [finding.detail for finding in findings["index"] if finding.is_fine is False]
    assert "flood-stage" in wrong[0] and "contains vectors of" in wrong[1]


def test_an_unused_home_may_be_read_only(tmp_path: Path, redis_url: str) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"
    assert found(home=home)["home"][0].is_fine is False
    baked = tmp_path / "baked"
    (baked / "models").mkdir(parents=True)
    settings: dict[str, object] = {"broker_url": redis_url, "index_url": f"lancedb://{tmp_path}/index"}
    assert found(home=baked, **settings)["home"][0].is_fine is True


def test_a_setting_is_shown_with_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LOOKALIKE_CHUNK_SIZE=8\n")
    monkeypatch.setenv("LOOKALIKE_API_KEY", "hunter2")
    monkeypatch.setenv("LOOKALIKE_INDEX", "mine")
    shown = found(home=tmp_path)["settings"][0].detail
    assert {"chunk_size = 8 (.env)", "api_key = *** (environment)", "index = mine (environment)"} <= set(
        shown.split(", ")
    )
    assert "model" not in shown


def test_problems_come_before_warnings() -> None:
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


def test_a_path_stays_whole_on_a_narrow_terminal() -> None:
    path = "/home/ada/" + "pictures of all the years/" * 8
    output = Output(file=io.StringIO(), force_terminal=True, width=40)
    output.print(screen([Finding("home", True, f"{path}, 5 GiB free"), Finding("disk", False, path, f"Clear {path}")]))
    assert isinstance(output.file, io.StringIO)
    assert len(output.file.getvalue().splitlines()) == 3 and output.file.getvalue().count(path) == 3


@pytest.mark.parametrize("command", ["ingest", "worker", "serve"])
def test_a_broker_that_is_not_redis_is_reported(
    command: str, environment: dict[str, str], stranger: StubHttpServer, tmp_path: Path
) -> None:
    url = stranger.url.replace("http", "redis")
    arguments = {"ingest": [str(tmp_path)], "worker": [], "serve": ["--port", str(free_port())]}[command]
    # The worker command replaces its process.
    run = processes.lookalike if command == "worker" else lookalike
    done = run({**environment, "LOOKALIKE_BROKER_URL": url}, command, *arguments, code=1)
    assert f"{url} answered, but it is not a Redis server" in done.stderr and len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("command", ["serve", "up"])
def test_a_port_in_use_is_reported_before_anything_is_started(
    command: str, environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = lookalike(environment, command, "--port", port, code=1)
    assert f"Port {port} on 127.0.0.1 is already in use" in done.stderr and len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "home" / "logs").exists()


def test_stores_and_hosts_are_asked_with_credentials_that_are_not_shown(
    environment: dict[str, str], s3: S3Server, stranger: StubHttpServer
) -> None:
    secret = {"AWS_ACCESS_KEY_ID": "AKIAOFTHESHOP", "AWS_SECRET_ACCESS_KEY": "Wr0ngIfShown"}
    s3.bucket("shop", ["a.jpg"])
    roots = ["/", "s3://shop/", "s3://shopp/x", f"{stranger.url}/pictures/", f"http://{ABSENT}/"]
    chosen = secret | {"LOOKALIKE_ROOTS": json.dumps(roots)}
    done = lookalike(environment | s3.variables | chosen, "doctor", "--json", code=3)
    found = {item["detail"]: item["is_fine"] for item in answer(done)["findings"] if item["what"] == "place"}
    said = {detail.partition(" answers")[0].partition(" cannot")[0]: fine for detail, fine in found.items()}
    assert (said["s3://shop/"], said["s3://shopp/"], said[f"{stranger.url}/pictures/"]) == (True, False, True)
    assert [fine for detail, fine in found.items() if ABSENT in detail] == [None]
    assert f"s3: from env, region us-east-1, at {s3.url}" in done.stdout
    assert "Wr0ng" not in done.stdout + done.stderr and "AKIA" not in done.stdout

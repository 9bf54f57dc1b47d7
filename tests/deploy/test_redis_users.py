"""The users of deploy/redis: a whole job runs with them over TLS, and each has only the permissions it needs."""

import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import redis

from lookalike.errors import AccessDenied
from lookalike.ledger import Ledger
from lookalike.queue import KEY_PREFIX, QUEUE, make_app, send_chunk
from lookalike.records import Metric, ModelIdentity
from lookalike.samples import draw_samples
from lookalike.settings import read_settings
from testing.processes import ROOT, TIMEOUT_S, answer, await_true, lookalike, make_home
from testing.services.ports import free_port
from testing.services.process import StartFailed
from testing.services.redis import RedisServer
from testing.services.tls import Authority, TlsProxy
from tests.api.service import serving

FILE = ROOT / "deploy" / "redis" / "users.acl"
PROGRAMS = ("worker", "producer", "query", "flower")
MODEL = ModelIdentity(name="resnet50", fingerprint="0123456789abcdef", dimension=256, metric=Metric.COSINE)
#: Of Flower's page.
LOGIN = "watch:correct-horse"


def password(user: str) -> str:
    return f"hunter2-{user}"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """A Redis with the users of the file, each with a password."""
    lines = FILE.read_text()
    for user in PROGRAMS:
        digest = hashlib.sha256(password(user).encode()).hexdigest()
        lines = lines.replace(f"{user.upper()}_PASSWORD_SHA256", digest)
    with RedisServer(password("query"), users=lines, user="query") as started:
        yield started


@contextmanager
def working(environment: dict[str, str]) -> Iterator[None]:
    """A running worker. Its output must not contain a password or a traceback."""
    command = [sys.executable, "-m", "lookalike_worker", "--concurrency", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(command, env=environment, text=True, cwd=ROOT, **pipes)  # type: ignore[call-overload]
    try:
        yield
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=TIMEOUT_S)
    assert "Connected to rediss://***@" in said
    assert "hunter2" not in said and "Traceback" not in said


@contextmanager
def watching(environment: dict[str, str]) -> Iterator[str]:
    """The address of a running Flower, which must not be denied anything."""
    port = str(free_port())
    command = [sys.executable, "-m", "lookalike_cli", "flower", "--port", port]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    environment = {**environment, "FLOWER_BASIC_AUTH": LOGIN}
    process = subprocess.Popen(command, env=environment, text=True, cwd=ROOT, **pipes)  # type: ignore[call-overload]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=TIMEOUT_S)
    assert "ermission" not in said and "hunter2" not in said and "Traceback" not in said


def shows_a_worker(page: str) -> bool:
    """The worker answers remote control, whose replies need permissions of their own."""
    request = urllib.request.Request(f"{page}/api/workers?refresh=1")
    request.add_header("Authorization", f"Basic {b64encode(LOGIN.encode()).decode()}")
    try:
        with urllib.request.urlopen(request) as answer:
            (worker,) = json.load(answer).values()
            return "active_queues" in worker and "registered" in worker
    except (OSError, ValueError):
        return False


def test_a_whole_job_runs_over_tls_with_these_users(tmp_path: Path, model_home: Path, server: RedisServer) -> None:
    draw_samples(tmp_path / "pictures", per_class=1, seed=3)
    authority = Authority(tmp_path)
    with TlsProxy(authority.server(), server.port) as proxy:

        def environment(user: str) -> dict[str, str]:
            url = f"rediss://{user}:{password(user)}@localhost:{proxy.port}/0"
            return {**common, "LOOKALIKE_BROKER_URL": url}

        common = {
            **os.environ,
            "LOOKALIKE_HOME": str(make_home(tmp_path, model_home)),
            "LOOKALIKE_CA_CERTS": str(authority.file),
        }
        with working(environment("worker")):
            done = lookalike(environment("producer"), "ingest", tmp_path / "pictures", "--json")
            printed = [lookalike(environment("producer"), *words) for words in (["status", "--json"], ["doctor"])]
            with watching(environment("flower")) as page:
                await_true(lambda: shows_a_worker(page))
        assert answer(done)["indexed"] == answer(done)["found"] > 0
        assert not any("hunter2" in part.stdout + part.stderr for part in [done, *printed])

        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment("query").items():
                patch.setenv(name, value)
            with serving(read_settings(), is_ready=False) as client:
                jobs = client.get("/jobs").json()["jobs"]
                assert client.get(f"/jobs/{jobs[0]['id']}/failed").status_code == 200
                assert "lookalike_broker_up 1.0" in client.get("/metrics").text
        assert jobs[0]["indexed"] == answer(done)["indexed"]


def url(server: RedisServer, user: str) -> str:
    return f"redis://{user}:{password(user)}@127.0.0.1:{server.port}/0"


def test_the_query_service_cannot_write_to_the_ledger_or_send_messages(server: RedisServer) -> None:
    with closing(Ledger(url(server, "query"))) as ledger:
        ledger.ping()
        with pytest.raises(AccessDenied, match="denied the command"):
            ledger.open_job(source="/p", index="images", index_address="lancedb:///i", model=MODEL, spec="{}")
        with pytest.raises(AccessDenied, match="denied the command"):
            ledger.drain("job")
    with closing(make_app(url(server, "query"))) as app, pytest.raises(AccessDenied, match="denied the command"):
        send_chunk(app, "job/1")


def test_flower_cannot_work_on_jobs_or_messages(server: RedisServer) -> None:
    with redis.Redis.from_url(url(server, "flower")) as client:
        for command in ("LPUSH", "RPUSH", "BRPOP", "DEL"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(command, KEY_PREFIX + QUEUE, "1")
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.set(KEY_PREFIX + "ledger:x", "1")


@pytest.mark.parametrize("user", PROGRAMS)
@pytest.mark.parametrize(
    "command", ["FLUSHALL", "KEYS *", "SCAN 0", "CONFIG GET *", "ACL LIST", "SHUTDOWN", "GET other", "EVAL 0 0"]
)
def test_commands_that_no_program_needs_are_denied(server: RedisServer, user: str, command: str) -> None:
    with redis.Redis.from_url(url(server, user)) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


def test_a_producer_cannot_take_messages(server: RedisServer) -> None:
    with redis.Redis.from_url(url(server, "producer")) as client:
        for command in ("BRPOP", "RPOP", "DEL"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(command, KEY_PREFIX + QUEUE, *(["1"] if command == "BRPOP" else []))


def test_redis_requires_a_password(server: RedisServer) -> None:
    with (
        closing(Ledger(f"redis://127.0.0.1:{server.port}/0")) as ledger,
        pytest.raises(AccessDenied, match="rejected the credentials"),
    ):
        ledger.ping()


def test_redis_does_not_start_with_placeholders_instead_of_passwords() -> None:
    with pytest.raises(StartFailed):
        RedisServer("x", users=FILE.read_text(), user="query").start()

"""A program whose broker or index has an untrusted certificate ends at once with a message and prints no password."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.processes import ROOT, TIMEOUT_S, answer, await_true, started, stop
from testing.services.ports import free_port
from testing.services.redis import RedisServer
from testing.services.tls import Authority, TlsProxy
from tests.cli.inprocess import lookalike

SECRET = "hunter2"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Broker and index at a server whose certificate is not from a trusted authority."""
    trusted = Authority(tmp_path, "trusted")
    with TlsProxy(Authority(tmp_path, "other").server(), 9) as proxy:
        place = f"user:{SECRET}@localhost:{proxy.port}"
        yield {
            **os.environ,
            "LOOKALIKE_HOME": str(tmp_path / "home"),
            "LOOKALIKE_CA_CERTS": str(trusted.file),
            "LOOKALIKE_BROKER_URL": f"rediss://{place}/0",
            "LOOKALIKE_INDEX_URL": f"https://{place}",
        }


def test_a_worker_ends_at_once(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "lookalike_worker", "--concurrency", "1"]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=TIMEOUT_S, cwd=ROOT)
    assert done.returncode == 2
    what, advice = done.stderr.splitlines()
    assert what.startswith("No trusted connection to rediss://localhost:")
    assert advice == "Set LOOKALIKE_CA_CERTS to the certificate of that authority."
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["status", "ingest .", "index list"])
def test_a_command_ends_at_once(environment: dict[str, str], command: str) -> None:
    done = lookalike(environment, *command.split(), code=2)
    what, _ = done.stderr.splitlines()
    assert what.startswith("No trusted connection to")
    assert SECRET not in done.stdout + done.stderr


def test_doctor_reports_it_for_broker_and_index(environment: dict[str, str]) -> None:
    done = lookalike(environment, "doctor", "--json", code=3)
    wrong = {finding["what"]: finding["detail"] for finding in answer(done)["findings"] if finding["is_fine"] is False}
    for what in ("broker", "index"):
        assert "authority that is not trusted here" in wrong[what]
    assert SECRET not in done.stdout + done.stderr


def test_up_on_a_broker_with_a_password_does_not_print_it(tmp_path: Path) -> None:
    with RedisServer(SECRET) as server:
        there = {"LOOKALIKE_HOME": str(tmp_path / "home"), "LOOKALIKE_BROKER_URL": server.url}
        with started({**os.environ, **there}, "up", "--port", free_port()) as process:
            assert process.stderr is not None
            first = await_true(process.stderr.readline)
            rest = "".join(stop(process))
    assert f"Broker: redis://127.0.0.1:{server.port}/0" in first
    assert SECRET not in first + rest

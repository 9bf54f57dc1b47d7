"""Flower over a real broker and worker: it shows the tasks, requires the password, and changes nothing."""

import json
import os
import stat
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lookalike.disk import OTHERS, PRIVATE
from lookalike.environment import KNOWN
from lookalike.errors import BadSetting
from lookalike.samples import draw_samples
from lookalike_cli.flower import require_logins
from testing.processes import answer, await_true, make_home, processes, started, stop
from testing.processes import lookalike as lookalike_process
from testing.services.ports import free_port
from tests.cli.inprocess import lookalike
from tests.library_variables import ALL, KEPT

LOGIN = "watch:correct-horse"


@dataclass
class Page:
    """Flower with a stack that has finished a job."""

    environment: dict[str, str]
    home: Path
    port: int
    job: str

    def ask(self, path: str, login: str | None = LOGIN, body: bytes | None = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                text = response.read().decode()
                return response.status, json.loads(text) if text.startswith("{") else text
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, None

    def process(self) -> int | None:
        """The process of Flower, not its guard."""
        lines = processes(self.home).items()
        return next((pid for pid, line in lines if " flower " in line and "process_guard" not in line), None)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("flower")
    home, port = make_home(folder, model_home), free_port()
    draw_samples(folder / "images", per_class=1)
    # What other programs left in the environment: everything below, and the job, must work as without it.
    environment = {**os.environ, **ALL, **KEPT, "LOOKALIKE_HOME": str(home), "FLOWER_BASIC_AUTH": LOGIN}
    arguments = ("up", "--port", free_port(), "--flower", "--flower-port", port)
    with started({**environment, "LOOKALIKE_LOG_FORMAT": "json"}, *arguments) as process:
        page = Page(environment, home, port, "")
        await_true(lambda: page.ask("/api/workers")[0] == 200, timeout_s=180)
        page.job = answer(lookalike_process(environment, "ingest", folder / "images", "--json"))["job"]
        yield page
        _, stderr = stop(process)
        assert f"Flower: http://127.0.0.1:{port}/" in stderr and "Traceback" not in stderr
    assert processes(home) == {}


def test_tasks_are_shown_with_name_argument_and_state(page: Page) -> None:
    chunk = f"{page.job}/000000"
    task = await_true(lambda: succeeded(page, chunk))
    assert task["name"] == "lookalike.ingest_chunk"
    assert task["args"] == f"('{chunk}',)" and task["kwargs"] == "{}"
    status, text = page.ask("/tasks")
    assert status == 200 and "correct-horse" not in text


def succeeded(page: Page, chunk: str) -> dict[str, Any] | None:
    tasks: dict[str, dict[str, Any]] = page.ask("/api/tasks")[1]
    return task if (task := tasks.get(chunk)) and task["state"] == "SUCCESS" else None


@pytest.mark.parametrize("login", [None, "watch:wrong", "other:correct-horse"])
@pytest.mark.parametrize("path", ["/", "/tasks", "/api/tasks", "/api/workers"])
def test_every_page_requires_the_password(page: Page, path: str, login: str | None) -> None:
    assert page.ask(path, login)[0] == 401


@pytest.mark.parametrize("path", ["/api/task/revoke/x", "/api/task/async-apply/lookalike.finish_job"])
def test_nothing_can_be_changed(page: Page, path: str) -> None:
    assert page.ask(path, body=b'{"args": ["x"]}')[0] == 403


def test_it_is_restarted_when_it_dies(page: Page) -> None:
    before = await_true(page.process)
    os.kill(before, 9)
    await_true(lambda: page.process() not in (None, before) and page.ask("/api/workers")[0] == 200)


def test_its_log_has_the_configured_format(page: Page) -> None:
    lines = (page.home / "logs" / "flower.log").read_text().splitlines()
    assert any("Visit me" in json.loads(line)["message"] for line in lines)


def test_no_process_has_a_variable_of_another_program(page: Page) -> None:
    ours = {"LC_ALL", "LC_CTYPE", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONUTF8"}
    for process in processes(page.home):
        lines = os.fsdecode(Path(f"/proc/{process}/environ").read_bytes()).split("\0")
        names = {line.partition("=")[0] for line in lines if line}
        assert {name for name in names if not name.startswith("LOOKALIKE_")} <= KNOWN | ours


def test_the_home_of_a_stack_is_closed_to_other_users(page: Page) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    # "shown" comes with `search --open` only.
    folders = [page.home, *(page.home / name for name in PRIVATE if name != "shown")]
    assert {folder.name: mode(folder) for folder in folders} == {folder.name: 0o700 for folder in folders}
    assert {path.name for path in page.home.iterdir()} <= {*PRIVATE, *OTHERS}
    assert {mode(log) for log in (page.home / "logs").iterdir()} == {0o600}
    assert mode(page.home / "run" / "redis.sock") == 0o700


def test_the_doctor_finds_nothing_wrong_in_the_environment_of_another_program(page: Page) -> None:
    told = answer(lookalike_process(page.environment, "doctor", "--json"))
    assert told["fine"], told


def test_a_service_alone_searches_in_the_environment_of_another_program(page: Page) -> None:
    port = free_port()
    image = next(path for path in (page.home.parent / "images").rglob("*") if path.is_file())
    with started(page.environment, "serve", "--port", port) as process:
        service = replace(page, port=port)
        await_true(lambda: service.ask("/health/ready")[0] == 200 or process.poll() is not None)
        status, found = service.ask("/search?k=1", None, image.read_bytes())
        assert status == 200 and found["matches"][0]["uri"] == str(image)
        _, stderr = stop(process)
    assert "Traceback" not in stderr


def test_a_port_in_use_gives_a_message(page: Page) -> None:
    stderr = lookalike(page.environment, "flower", "--port", page.port, code=1).stderr
    assert f"Port {page.port} on 127.0.0.1 is already in use." in stderr


def test_an_unreachable_broker_gives_a_message(page: Page) -> None:
    environment = {**page.environment, "LOOKALIKE_BROKER_URL": f"redis://:secret@127.0.0.1:{free_port()}/0"}
    stderr = lookalike(environment, "flower", "--port", free_port(), code=75).stderr
    assert "The broker at redis://127.0.0.1" in stderr and "secret" not in stderr


@pytest.mark.parametrize("logins", ["watch", "watch:", ":secret", "a:b,secret"])
def test_a_malformed_login_is_refused_and_not_printed(monkeypatch: pytest.MonkeyPatch, logins: str) -> None:
    monkeypatch.setenv("FLOWER_BASIC_AUTH", logins)
    with pytest.raises(BadSetting, match="FLOWER_BASIC_AUTH is malformed") as error:
        require_logins("127.0.0.1")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "flower.example"])
def test_a_public_page_requires_a_password(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.delenv("FLOWER_BASIC_AUTH", raising=False)
    with pytest.raises(BadSetting, match="FLOWER_BASIC_AUTH=user:password"):
        require_logins(host)
    require_logins("127.0.0.1")
    monkeypatch.setenv("FLOWER_BASIC_AUTH", LOGIN)
    require_logins(host)

"""What an image leaves out is not needed by what runs in it; and what does need it says so in a sentence."""

import re
import tomllib
from pathlib import Path

import httpx2
import pytest
from packaging.requirements import Requirement

from lookalike.settings import Settings
from testing.processes import LOOKALIKE, ROOT, lookalike
from testing.services.ports import free_port
from testing.services.process import ServerProcess
from tests.deploy.conftest import LEFT_OUT, left_out

Environments = dict[str, dict[str, str]]


def answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


def test_a_built_model_is_served_without_keras_and_tensorflow(
    installations: Environments, lance: Settings, query: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    chosen = {"LOOKALIKE_HOME": str(lance.home), "PYTHONPATH": installations["api"]["PYTHONPATH"]}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    server = ServerProcess([*LOOKALIKE, "serve", "--port", url.rpartition(":")[2]], tmp_path)
    try:
        server.await_ready(lambda: answers(f"{url}/health/ready"), timeout_s=60)
        assert httpx2.post(f"{url}/search", content=query).json()["matches"]
    finally:
        server.stop()


def test_a_model_that_is_not_built_is_refused_with_where_to_build_it(
    installations: Environments, tmp_path: Path
) -> None:
    environment = {**installations["api"], "LOOKALIKE_HOME": str(tmp_path)}
    refused = lookalike(environment, "model", "build", "efficientnet-lite0", code=1)
    assert "Keras" in refused.stderr and "lookalike model build" in refused.stderr


def test_the_doctor_finds_nothing_wrong_with_an_installation_that_runs_no_models(
    installations: Environments, lance: Settings
) -> None:
    assert lance.broker_url is not None
    broker_url = lance.broker_url.get_secret_value()
    environment = {**installations["producer"], "LOOKALIKE_HOME": str(lance.home), "LOOKALIKE_BROKER_URL": broker_url}
    screen = lookalike({**environment, "COLUMNS": "200"}, "doctor", code=1).stdout
    wrong = [line.split()[0] for line in screen.splitlines() if " wrong " in line]
    assert wrong == ["workers"], "none is started here"
    assert "runs no models" in screen and "keras" not in screen


def test_a_search_where_nothing_runs_models_says_what_is_missing(
    installations: Environments, lance: Settings, drawn: tuple[Path, Path]
) -> None:
    environment = {**installations["producer"], "LOOKALIKE_HOME": str(lance.home)}
    picture = next(path for path in drawn[1].rglob("*") if path.is_file())
    refused = lookalike(environment, "search", picture, code=1)
    assert "openvino is not installed" in refused.stderr


@pytest.mark.parametrize("image", LEFT_OUT)
def test_a_lock_holds_the_versions_of_the_whole_one_and_nothing_that_is_left_out(image: str) -> None:
    whole, light = pinned("requirements.lock"), pinned(f"requirements-{image}.lock")
    assert light < whole
    names = {pin.partition("==")[0] for pin in light}
    assert names & set(left_out(image)) == set()
    assert {"celery", "opensearch-py", "fastapi"} <= names


def pinned(lock: str) -> set[str]:
    return set(re.findall(r"^[\w.-]+==[^\s\\;]+", (ROOT / lock).read_text(), re.MULTILINE))


def test_what_is_left_out_is_a_dependency_to_begin_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {Requirement(line).name for line in project["dependencies"]}
    assert {name for image in LEFT_OUT for name in left_out(image)} <= names

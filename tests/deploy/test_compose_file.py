"""docker-compose.yml is locked down, requires passwords, and is consistent with the images."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from lookalike import __version__
from lookalike.queue import make_app
from lookalike.settings import PREFIX, Settings
from lookalike_cli.main import COMMANDS
from testing.processes import ROOT
from tests.deploy.compose import Unset, read, variables

FILE = ROOT / "docker-compose.yml"
CHECK = ROOT / "deploy" / "check-passwords.sh"
#: Variables for which a default would be a security hole.
SECRETS = re.compile(r".*(PASSWORD|KEY|AUTH)")
GIVEN = {name: "f00-BAR-baz-42x" for name, _ in variables(FILE)}
SERVICES = read(FILE, GIVEN)
OURS = [name for name, service in SERVICES.items() if service.definition["image"].startswith("lookalike-")]
#: Its first start writes demonstration certificates to its home.
WRITES = {"opensearch"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_locked_down(name: str) -> None:
    definition = SERVICES[name].definition
    assert definition["user"].partition(":")[0] not in ("", "0", "root")
    assert definition["read_only"] is (name not in WRITES)
    assert definition["security_opt"] == ["no-new-privileges:true"] and definition["cap_drop"] == ["ALL"]
    assert definition["mem_limit"]
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(definition)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version(name: str) -> None:
    image, _, tag = SERVICES[name].definition["image"].rpartition(":")
    assert image and re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag)
    assert name not in OURS or tag == __version__


@pytest.mark.parametrize("name", SERVICES)
def test_only_this_machine_reaches_a_port(name: str) -> None:
    definition = SERVICES[name].definition
    ports = definition.get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert bool(ports) == ("outside" in definition.get("networks", []))


def test_every_password_is_required_and_every_variable_is_in_the_example() -> None:
    example = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    named = variables(FILE)
    assert {name for name, _ in named} == set(example)
    assert {kind for name, kind in named if SECRETS.fullmatch(name)} == {"?"}
    assert {value for name, value in example.items() if SECRETS.fullmatch(name)} == {""}
    with pytest.raises(Unset, match="PASSWORD"):
        read(FILE, example)


def test_every_password_is_checked_before_anything_else_starts() -> None:
    checked = {PREFIX + word for word in SERVICES["passwords"].definition["command"]}
    assert checked == {name for name, _ in variables(FILE) if SECRETS.fullmatch(name)}
    assert {PREFIX + name for name in SERVICES["passwords"].environment} == checked
    assert all(
        "passwords" in _all_needs(name) for name in SERVICES if name not in ("passwords", "prometheus", "grafana")
    )


def _all_needs(name: str) -> set[str]:
    needs = set(SERVICES[name].needs)
    return needs.union(*map(_all_needs, needs))


@pytest.mark.parametrize(
    "password",
    ["", "f00-BAR-baz", "My-Password-1234", "admin-admin-admin", "abcabcabcabcabc", "f00 BAR baz 42x", "ä" * 20],
)
def test_a_weak_password_is_refused_and_not_printed(password: str) -> None:
    done = _checked("REDIS_PASSWORD", password)
    assert done.returncode == 1
    assert "LOOKALIKE_REDIS_PASSWORD" in done.stderr and done.stderr.count("\n") == 1
    assert not password or password not in done.stderr


@pytest.mark.parametrize("auth", ["f00-BAR-baz-42x", "flower:short", "f00-BAR-baz-42x:"])
def test_a_weak_login_is_refused(auth: str) -> None:
    assert _checked("FLOWER_AUTH", auth).returncode == 1


@pytest.mark.parametrize(("name", "value"), [("API_KEY", "f00-BAR-baz-42x"), ("FLOWER_AUTH", "f:f00-BAR-baz-42x")])
def test_a_good_password_is_accepted(name: str, value: str) -> None:
    assert _checked(name, value).returncode == 0


def _checked(name: str, value: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], name: value}
    return subprocess.run(["sh", str(CHECK), name], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("name", OURS)
def test_a_service_has_the_command_and_health_check_of_its_image(name: str) -> None:
    service = SERVICES[name]
    target = service.definition["build"]["target"]
    image = _image(target)
    assert service.definition["image"] == f"lookalike-{target}:{__version__}"
    assert set(service.environment) <= {PREFIX + field.upper() for field in Settings.model_fields} | {
        "FLOWER_BASIC_AUTH"
    }
    if "healthcheck" in service.definition:
        assert service.health == image["HEALTHCHECK"]
        assert service.command == image["CMD"]


def _image(target: str) -> dict[str, list[str]]:
    """The command and the health check of a target of the Dockerfile."""
    stage = re.search(rf"^FROM \S+ AS {target}$(.*?)(?=^FROM|\Z)", (ROOT / "Dockerfile").read_text(), re.M | re.S)
    assert stage is not None, f"the Dockerfile has no target {target}"
    found = re.findall(r"^(CMD|HEALTHCHECK)(?:.*\\\n)?.*?(\[.*\])$", stage[1], re.MULTILINE)
    return {word: json.loads(words) for word, words in found}


@pytest.mark.parametrize("name", [name for name in OURS if name != "flower" or "flower" in COMMANDS])
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    assert SERVICES[name].command[0] in COMMANDS


@pytest.mark.parametrize("name", ["worker", "worker-gpu"])
def test_a_worker_has_time_to_finish_its_chunks(name: str) -> None:
    soft_shutdown_s = make_app("redis://localhost").conf.worker_soft_shutdown_timeout
    assert SERVICES[name].definition["stop_grace_period"] == "2m" and soft_shutdown_s + 30 <= 120


@pytest.mark.parametrize("name", ["worker", "worker-gpu", "api", "flower", "producer"])
def test_services_start_after_the_index_exists(name: str) -> None:
    assert SERVICES[name].needs == {"init": "service_completed_successfully"}
    assert SERVICES["init"].needs == {"redis": "service_healthy", "opensearch": "service_healthy"}


def test_the_image_is_labelled_with_its_version() -> None:
    assert f'image.version="{__version__}"' in (ROOT / "Dockerfile").read_text()


def test_mounted_files_exist() -> None:
    volumes = [
        volume for name in ("passwords", "prometheus", "grafana") for volume in SERVICES[name].definition["volumes"]
    ]
    places = {volume.partition(":")[0] for volume in volumes if volume.startswith("./deploy/")}
    assert len(places) == 4 and all(Path(ROOT, place).exists() for place in places)

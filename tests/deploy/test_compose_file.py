"""docker-compose.yml is locked down, requires passwords, and is consistent with the images."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lookalike import __version__
from lookalike.queue import make_app
from lookalike.settings import PREFIX, Settings
from lookalike_cli.main import COMMANDS
from testing.processes import ROOT
from tests.deploy.compose import Service, Unset, read, variables

FILE = ROOT / "docker-compose.yml"
CHECK = ROOT / "deploy" / "check-passwords.sh"
#: Variables for which a default would be a security hole.
SECRETS = re.compile(r".*(PASSWORD|KEY|AUTH)")
DIGEST = r"sha256:[0-9a-f]{64}"
#: OpenSearch's admin can do everything.
ADMIN_PASSWORD = "f00-BAR-baz-43y"
GIVEN = {name: "f00-BAR-baz-42x" for name, _ in variables(FILE)} | {"LOOKALIKE_OPENSEARCH_PASSWORD": ADMIN_PASSWORD}
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
    assert definition["mem_limit"] and definition["pids_limit"]
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(definition)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version_and_every_foreign_one_a_digest(name: str) -> None:
    reference, _, digest = SERVICES[name].definition["image"].partition("@")
    image, _, tag = reference.rpartition(":")
    assert image and re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag)
    assert tag == __version__ if name in OURS else re.fullmatch(DIGEST, digest)


def test_the_base_of_our_images_has_a_digest() -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert re.fullmatch(rf"python:3\.\d+-slim@{DIGEST}", base)


def test_each_program_has_a_user_of_its_own_and_the_certificates_without_their_keys() -> None:
    brokers = {"worker": "worker", "worker-gpu": "worker", "producer": "producer", "init": "producer"}
    brokers |= {"api": "query", "flower": "flower"}
    indexes = dict.fromkeys(("worker", "worker-gpu", "producer", "init"), "lookalike_writer")
    indexes |= {"api": "lookalike_reader"}
    for name in set(OURS) - {"accounts"}:
        environment = SERVICES[name].environment
        assert urlsplit(environment["LOOKALIKE_BROKER_URL"]).username == brokers[name]
        assert urlsplit(environment.get("LOOKALIKE_INDEX_URL", "")).username == indexes.get(name)
    holders = {name for name, one in SERVICES.items() if ADMIN_PASSWORD in one.environment.values()}
    assert holders == {"passwords", "opensearch", "accounts", "dashboards"}
    readers = {name for name, one in SERVICES.items() if any("opensearch-config" in volume for volume in volumes(one))}
    assert readers == {"opensearch", "certificates"}


def volumes(service: Service) -> list[str]:
    return list(service.definition.get("volumes", []))


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


@pytest.mark.parametrize("password", ["f00-bar-baz-42x", "F00-BAR-BAZ-42X", "foo-BAR-baz-xyz", "f00BARbaz42x"])
def test_a_password_that_opensearch_would_refuse_is_refused(password: str) -> None:
    assert _checked("OPENSEARCH_PASSWORD", password).returncode == 1
    assert _checked("REDIS_WORKER_PASSWORD", password).returncode == 0


def test_the_passwords_of_a_new_env_are_good_private_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    for name in (".env.example", "deploy/new-env.sh"):
        shutil.copy(ROOT / name, tmp_path / name)
    made, again = (_new_env(tmp_path) for _ in range(2))
    assert made.returncode == 0, made.stderr
    file = tmp_path / ".env"
    assert file.stat().st_mode & 0o777 == 0o600
    held = dict(re.findall(r"^LOOKALIKE_(\w+)=(.*)$", file.read_text(), re.MULTILINE))
    secrets = {name: value for name, value in held.items() if SECRETS.fullmatch(name)}
    assert len(set(secrets.values())) == len(secrets) == 10
    assert {_checked(name, value).returncode for name, value in secrets.items()} == {0}
    assert again.returncode == 1 and again.stderr.count("\n") == 1


def _new_env(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["sh", "deploy/new-env.sh"], cwd=folder, capture_output=True, text=True)


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
    if name == "accounts":
        return
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


@pytest.mark.parametrize("name", [name for name in OURS if name != "accounts"])
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    assert SERVICES[name].command[0] in COMMANDS


@pytest.mark.parametrize("name", ["worker", "worker-gpu"])
def test_a_worker_has_time_to_finish_its_chunks(name: str) -> None:
    soft_shutdown_s = make_app("redis://localhost").conf.worker_soft_shutdown_timeout
    assert SERVICES[name].definition["stop_grace_period"] == "2m" and soft_shutdown_s + 30 <= 120


@pytest.mark.parametrize("name", ["worker", "worker-gpu", "api", "flower", "producer"])
def test_services_start_after_the_index_exists(name: str) -> None:
    assert SERVICES[name].needs == {"init": "service_completed_successfully"}
    assert SERVICES["init"].needs == {"redis": "service_healthy", "accounts": "service_completed_successfully"}
    assert SERVICES["accounts"].needs == {"certificates": "service_completed_successfully"}
    assert SERVICES["certificates"].needs == {"opensearch": "service_healthy"}


def test_mounted_files_exist() -> None:
    mounted = [volume.split(":") for service in SERVICES.values() for volume in volumes(service)]
    places = {parts[0]: parts[1] for parts in mounted if parts[0].startswith("./deploy/")}
    assert len(places) == 6 and all(Path(ROOT, place).exists() for place in places)
    assert SERVICES["redis"].command[1:3] == [
        f"{places['./deploy/redis']}/{name}" for name in ("start.sh", "users.acl")
    ]
    assert SERVICES["accounts"].command == ["python", f"{places['./deploy/opensearch']}/accounts.py"]

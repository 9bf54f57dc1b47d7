"""examples/cluster: its Compose file, and its services as processes, with a real Redis and a real OpenSearch.

Host names, ports and folders of the containers are replaced by those of this machine.
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import pytest

from lookalike.queue import make_app
from lookalike.settings import PREFIX, Settings
from lookalike.workers import consuming_workers
from lookalike_cli.main import COMMANDS
from testing.processes import LOOKALIKE, ROOT, await_true, make_home
from testing.services.opensearch import OpenSearchServer, left_as_found
from testing.services.ports import free_port
from testing.services.process import ServerProcess
from testing.services.redis import RedisServer
from tests.browser.stage import answers
from tests.deploy.compose import Service, Unset, changed, here, read, variables
from tests.examples.checkout import Checkout, make_checkout

FILE = ROOT / "examples" / "cluster" / "compose.yml"
KEY = "correct-horse-battery"
READY_TIMEOUT_S = 120.0
DEFINED = read(FILE, {"LOOKALIKE_API_KEY": KEY})
OURS = sorted(name for name, service in DEFINED.items() if "build" in service.definition)
WORKERS = DEFINED["worker"].definition["deploy"]["replicas"]


@dataclass(frozen=True)
class Cluster:
    """The running services; `services` and the checkout's environment are adapted to this machine."""

    services: dict[str, Service]
    checkout: Checkout
    broker_url: str

    def port(self, name: str) -> int:
        command = self.services[name].command
        return int(command[command.index("--port") + 1])

    def words(self, name: str) -> list[str]:
        """The command line of a service, with nothing but its own environment."""
        given = {"PATH": os.environ["PATH"], "LOOKALIKE_HOME": self.checkout.environment["LOOKALIKE_HOME"]}
        environment = {**given, **self.services[name].environment}
        variables = [f"{variable}={value}" for variable, value in environment.items()]
        return [shutil.which("env") or "/usr/bin/env", "-i", *variables, *LOOKALIKE, *self.services[name].command]

    def start(self, name: str, folder: str, *options: str) -> ServerProcess:
        (self.checkout.folder / folder).mkdir()
        return ServerProcess([*self.words(name), *options], self.checkout.folder / folder)


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory,
    model_home: Path,
    redis_server: RedisServer,
    opensearch_server: OpenSearchServer,
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    ports = {port: free_port() for port in (8000, 5555)}
    checkout = make_checkout(folder, make_home(folder, model_home), ports, LOOKALIKE_API_KEY=KEY)
    redis_server.revive()
    with ExitStack() as ending:
        places = {
            "redis://redis:6379/0": redis_server.url,
            "http://opensearch:9200": ending.enter_context(left_as_found(opensearch_server)),
            "/images": str(folder / "examples" / "cluster" / "pictures"),
            "0.0.0.0": "127.0.0.1",
            **{str(port): str(other) for port, other in ports.items()},
        }
        services = {
            name: Service(name, changed(service.definition, partial(here, places))) for name, service in DEFINED.items()
        }
        made = Cluster(services, checkout, redis_server.url)
        checkout.run(checkout.commands("cluster")[0])
        for number in range(WORKERS):
            # Each container has a host name of its own, which is part of the worker's name.
            ending.callback(made.start("worker", f"worker-{number}", "--name", f"{number}@%h").stop)
        for name in ("api", "flower"):
            ending.callback(made.start(name, name).stop)
        yield made


def test_a_compose_file_names_what_exists() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    for name in OURS:
        service = DEFINED[name]
        build = service.definition["build"]
        assert (FILE.parent / build["context"]).resolve() == ROOT
        assert f"\nFROM runtime AS {build['target']}\n" in dockerfile
        assert service.command[0] in COMMANDS
        assert set(service.environment) <= {PREFIX + field.upper() for field in Settings.model_fields} | {
            "FLOWER_BASIC_AUTH"
        }
        assert service.environment["LOOKALIKE_MODEL"] == build["args"]["MODEL"]
        assert service.needs == dict.fromkeys(("redis", "opensearch"), "service_healthy")
    assert all(DEFINED[name].health for name in DEFINED["api"].needs)


def test_the_foreign_images_are_those_of_the_file_to_keep_running() -> None:
    kept = read(ROOT / "docker-compose.yml", {name: KEY for name, _ in variables(ROOT / "docker-compose.yml")})
    for name in ("redis", "opensearch"):
        assert DEFINED[name].definition["image"] == kept[name].definition["image"]


def test_only_the_pages_are_reached_from_outside_and_not_without_a_key() -> None:
    published = {name: service.definition.get("ports", []) for name, service in DEFINED.items()}
    assert {name: ports for name, ports in published.items() if ports} == {
        "api": ["127.0.0.1:8000:8000"],
        "flower": ["127.0.0.1:5555:5555"],
    }
    assert variables(FILE) == {("LOOKALIKE_API_KEY", "?")}
    with pytest.raises(Unset, match="LOOKALIKE_API_KEY"):
        read(FILE, {})


def test_two_workers_ingest_what_the_query_service_finds(cluster: Cluster) -> None:
    with make_app(cluster.broker_url) as app:
        names = await_true(lambda: (found := consuming_workers(app)) and len(found) == WORKERS and found)
    *_, search = cluster.checkout.commands("cluster")
    ingest = " ".join(map(shlex.quote, cluster.words("ingest")))
    said = cluster.checkout.run(ingest)
    assert "32 found = 32 indexed + 0 unchanged + 0 rejected" in said.stdout + said.stderr

    url = f"http://127.0.0.1:{cluster.port('api')}"
    await_true(lambda: answers(f"{url}/health/ready"))
    assert httpx2.get(f"{url}/info").status_code == 401
    found = cluster.checkout.run(search).stdout
    assert "citrus-001.jpg" in found and len(re.findall(r"\.(?:jpg|png|webp)", found)) == 3

    page = f"http://127.0.0.1:{cluster.port('flower')}/workers"
    await_true(lambda: answers(page.replace("workers", "healthcheck")))
    assert httpx2.get(page).status_code == 401
    await_true(lambda: all(name in httpx2.get(page, auth=("watch", KEY)).text for name in names))

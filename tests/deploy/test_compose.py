"""docker-compose.yml's own commands, environments and health checks, run as processes against real services.

Host names, ports and folders of the containers are replaced by those of this machine.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import pytest
import redis
import trustme

from lookalike_cli.main import COMMANDS
from testing.processes import LOOKALIKE, ROOT, Done, make_home
from testing.services.opensearch import OpenSearchServer, left_as_found
from testing.services.ports import free_port
from testing.services.process import ServerProcess
from testing.services.redis import redis_program
from tests.deploy.compose import Service, changed, here, read, variables

FILE = ROOT / "docker-compose.yml"
SECRET = "f00-BAR-baz-42x"
VARIABLES = {name: SECRET for name, kind in variables(FILE) if kind == "?"} | {
    "LOOKALIKE_FLOWER_AUTH": f"watcher:{SECRET}",
    "LOOKALIKE_MODEL": "efficientnet-lite0",
}
#: Services with a health check, in the order of their start.
LONG_RUNNING = ["worker", "api", *(["flower"] if "flower" in COMMANDS else [])]
#: Service -> its installation.
IMAGES = {"init": "producer", "producer": "producer", "flower": "flower", "api": "api"}
#: Variables that the Dockerfile sets.
IMAGE = {"PATH": os.environ["PATH"], "LOOKALIKE_LOG_FORMAT": "json"}
READY_TIMEOUT_S = 90.0


@dataclass(frozen=True)
class Composition:
    """The services, adapted to this machine."""

    services: dict[str, Service]
    environments: dict[str, dict[str, str]]
    ports: dict[str, int]
    folder: Path

    def run(self, name: str) -> Done:
        """Run a service that ends by itself."""
        return self._run(name, ["lookalike", *self.services[name].command])

    def health(self, name: str) -> Done:
        return self._run(name, self.services[name].health)

    def is_healthy(self, name: str) -> bool:
        return self.health(name).returncode == 0

    def start(self, name: str) -> ServerProcess:
        folder = self.folder / name
        folder.mkdir()
        variables = [f"{variable}={value}" for variable, value in self.environments[name].items()]
        words = [*LOOKALIKE, *self.services[name].command]
        return ServerProcess([shutil.which("env") or "/usr/bin/env", "-i", *variables, *words], folder)

    def _run(self, name: str, words: list[str]) -> Done:
        programs = {"lookalike": LOOKALIKE, "python": [sys.executable]}
        command = [*programs.get(words[0], [words[0]]), *words[1:]]
        return subprocess.run(command, env=self.environments[name], capture_output=True, text=True, cwd=self.folder)


@pytest.fixture(scope="module")
def composition(
    tmp_path_factory: pytest.TempPathFactory,
    installations: dict[str, dict[str, str]],
    opensearch_server: OpenSearchServer,
    model_home: Path,
    drawn: tuple[Path, Path],
) -> Iterator[Composition]:
    folder = tmp_path_factory.mktemp("composition")
    home = make_home(folder, model_home)
    authority = folder / "root-ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    ports = {name: free_port() for name in ("redis", "api", "flower")}
    with ExitStack() as ending:
        url = ending.enter_context(left_as_found(opensearch_server))
        places = {
            "redis:6379": f"127.0.0.1:{ports['redis']}",
            f"https://lookalike_writer:{SECRET}@node-0.example.com:9200": url,
            f"https://lookalike_reader:{SECRET}@node-0.example.com:9200": url,
            "/certificates/root-ca.pem": str(authority),
            "/images": str(drawn[0]),
            "0.0.0.0": "127.0.0.1",
            "8000": str(ports["api"]),
            "5555": str(ports["flower"]),
            "/deploy/": f"{ROOT / 'deploy' / 'redis'}/",
            "/tmp/users.acl": str(folder / "users.acl"),
            "/data": str(folder),
        }
        definition = read(FILE, VARIABLES)
        services = {
            name: Service(name, changed(one.definition, partial(here, places))) for name, one in definition.items()
        }
        ending.enter_context(redis_of(services["redis"], ports["redis"], folder))
        environments = {
            name: {**IMAGE, "LOOKALIKE_HOME": str(home), **service.environment}
            | {"PYTHONPATH": installations[IMAGES[name]]["PYTHONPATH"] if name in IMAGES else str(ROOT)}
            for name, service in services.items()
        }
        yield Composition(services, environments, ports, folder)


@contextmanager
def redis_of(service: Service, port: int, folder: Path) -> Iterator[None]:
    """Run the command of the service, with a `redis-server` that listens on this port."""
    program = folder / "bin" / "redis-server"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {redis_program()} "$@" --port {port}\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    given = [f"{name}={value}" for name, value in {**service.environment, "PATH": path}.items()]
    process = ServerProcess([shutil.which("env") or "/usr/bin/env", *given, *service.command], folder)
    try:
        process.await_ready(lambda: requires_a_password(port), timeout_s=30)
        yield
    finally:
        process.stop()


def requires_a_password(port: int) -> bool:
    """Whether Redis answers, and a stranger may not even ask whether it is there."""
    with redis.Redis(port=port) as stranger:
        try:
            stranger.ping()
        except redis.AuthenticationError:
            return True
        except redis.ConnectionError:
            return False
    raise AssertionError("Redis requires no password")


@pytest.fixture(scope="module")
def running(composition: Composition) -> Iterator[dict[str, ServerProcess]]:
    """The running services, started in the order of the file after the index was created."""
    assert composition.health("worker").returncode, "a worker that was never started must not be healthy"
    made = composition.run("init")
    assert made.returncode == 0, made.stderr
    processes = {name: composition.start(name) for name in LONG_RUNNING}
    try:
        for name, process in processes.items():
            process.await_ready(partial(composition.is_healthy, name), READY_TIMEOUT_S)
        yield processes
    finally:
        for process in processes.values():
            process.kill()


def test_images_that_the_producer_ingests_are_found_by_the_service(
    composition: Composition, running: dict[str, ServerProcess], query: bytes
) -> None:
    done = composition.run("producer")
    assert done.returncode == 0, done.stderr
    url = f"http://127.0.0.1:{composition.ports['api']}"
    assert httpx2.post(f"{url}/search", content=query).status_code == 401
    found = httpx2.post(f"{url}/search", content=query, headers={"X-API-Key": SECRET}).json()["matches"]
    assert len(found) == 10
    thumbnail = httpx2.get(f"{url}/images/{found[0]['id']}/thumbnail", headers={"X-API-Key": SECRET})
    assert thumbnail.headers["Content-Type"] == "image/jpeg"


def test_init_accepts_an_existing_index(composition: Composition, running: dict[str, ServerProcess]) -> None:
    assert composition.run("init").returncode == 0


# The last test, because it stops the services.
@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_stopped_service_ends_by_itself_and_is_unhealthy(
    name: str, composition: Composition, running: dict[str, ServerProcess]
) -> None:
    assert composition.health(name).returncode == 0
    os.kill(running[name].pid, signal.SIGTERM)
    running[name].wait()
    failed = composition.health(name)
    assert failed.returncode != 0, failed.stderr

"""Runs OpenSearch in the official container."""

import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence

from testing.services import ServiceMissing
from testing.services.maven import OPENSEARCH_VERSION
from testing.services.process import ServerProcess, run_folder

IMAGE = f"opensearchproject/opensearch:{OPENSEARCH_VERSION}"
#: The image is about 1 GB.
PULL_TIMEOUT_S = 900.0
#: For every other command.
DOCKER_TIMEOUT_S = 60.0

SETTINGS = {
    "discovery.type": "single-node",
    "path.repo": "/usr/share/opensearch/data/snapshots",
    "action.auto_create_index": "false",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "DISABLE_SECURITY_PLUGIN": "true",
    "DISABLE_INSTALL_DEMO_CONFIG": "true",
    "DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI": "true",
}

#: The parent of the container is the engine and not this process, so `process_guard` cannot end it. Its standard input
#: closes when the Docker client ends, and then the server ends.
UNTIL_INPUT_ENDS = """\
exec 3<&0
trap 'kill $(jobs -p)' TERM
./opensearch-docker-entrypoint.sh opensearch 3<&- &
server=$!
{ cat <&3 >/dev/null; kill $server; } &
while kill -0 $server 2>/dev/null; do wait $server; done
"""


class Container:
    """A container name and a volume of data. `remove` deletes both."""

    def __init__(self) -> None:
        """Raises ServiceMissing if no engine runs or the image is not available."""
        self._docker = shutil.which("docker") or ""
        if not self._docker or not self._succeeds("info"):
            raise ServiceMissing("no Docker engine runs here")
        is_present = self._succeeds("image", "inspect", IMAGE)
        if not is_present and not self._succeeds("pull", "--quiet", IMAGE, timeout_s=PULL_TIMEOUT_S):
            raise ServiceMissing(f"Docker cannot pull {IMAGE}")
        self._name = f"lookalike-test-{uuid.uuid4().hex[:12]}"
        self._folder = run_folder("opensearch")

    def launch(self, port: int, java_options: Sequence[str], settings: Mapping[str, str]) -> ServerProcess:
        """Start a container on this port and on the data of earlier ones, with these further settings. Only this
        port is published."""
        variables = SETTINGS | {"OPENSEARCH_JAVA_OPTS": " ".join(java_options)} | dict(settings)
        environment = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        place = ["--publish", f"127.0.0.1:{port}:9200", "--volume", f"{self._name}:/usr/share/opensearch/data"]
        run = [self._docker, "run", "--rm", "--interactive", "--name", self._name, *place, *environment]
        return ServerProcess([*run, "--entrypoint", "bash", IMAGE, "-c", UNTIL_INPUT_ENDS], self._folder)

    def kill(self, process: ServerProcess) -> None:
        self._succeeds("kill", self._name)
        process.kill()
        # The name is free only once the engine has removed the container.
        self._succeeds("rm", "--force", self._name)

    def remove(self) -> None:
        self._succeeds("rm", "--force", self._name)
        self._succeeds("volume", "rm", "--force", self._name)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _succeeds(self, *words: str, timeout_s: float = DOCKER_TIMEOUT_S) -> bool:
        try:
            ran = subprocess.run([self._docker, *words], capture_output=True, timeout=timeout_s)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return ran.returncode == 0

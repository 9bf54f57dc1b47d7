"""A real OpenSearch with k-NN: the one at OPENSEARCH_URL, else a container, else one assembled from Maven packages.

`python -m testing.services.opensearch` starts one in the foreground, prints its URL and stops on Ctrl-C.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, NoReturn, Self

from testing.services import ServiceMissing
from testing.services.opensearch_docker import Container
from testing.services.opensearch_local import LocalInstall
from testing.services.ports import free_port
from testing.services.process import ServerProcess, StartFailed

#: A start takes about 8 s on two idle cores.
READY_TIMEOUT_S = 180.0
REQUEST_TIMEOUT_S = 60.0
#: Enough for tests; benchmarks ask for more.
HEAP_MIB = 512
#: For tests: Java compiles quickly and does not optimize, so that a start takes half of the CPU time.
QUICK_START = ("-XX:TieredStopAtLevel=1",)
#: Another program may take the port before the server does.
PORT_ATTEMPTS = 3


class OpenSearchServer:
    """One node. `stop` deletes its data. The server at OPENSEARCH_URL is not ours: it is never started or stopped."""

    def __init__(
        self, heap_mib: int = HEAP_MIB, settings: Mapping[str, str] | None = None, java_options: Sequence[str] = ()
    ) -> None:
        """`settings`: further OpenSearch settings of a server that is ours; `java_options`: those of its Java."""
        self.url = os.environ.get("OPENSEARCH_URL", "").rstrip("/")
        self.is_ours = not self.url
        self._java_options = [f"-Xms{heap_mib}m", f"-Xmx{heap_mib}m", *java_options]
        self._settings = dict(settings or {})
        self._place: Container | LocalInstall | None = None
        self._process: ServerProcess | None = None
        self._port = 0

    @property
    def is_running(self) -> bool:
        """Whether our process runs."""
        return self._process is not None and self._process.is_running

    def start(self) -> None:
        """Return once it answers. Raises ServiceMissing if there is no OpenSearch, StartFailed if it does not start."""
        if not self.is_ours:
            return self._demand_answer()
        self._place = _find_place()
        for attempts_left in reversed(range(PORT_ATTEMPTS)):
            self._port = free_port()
            self.url = f"http://127.0.0.1:{self._port}"
            try:
                return self._launch()
            except StartFailed as error:
                if not _is_port_clash(error) or not attempts_left:
                    self.stop()
                    raise

    def stop(self) -> None:
        """Send SIGTERM, and delete the data."""
        if self._process:
            self._process.stop()
        if self._place:
            self._place.remove()

    def kill(self) -> None:
        """Send SIGKILL; the data stay for `restart`. Raises ServiceMissing if the server is not ours."""
        place, process = self._owned()
        place.kill(process)

    def restart(self) -> None:
        """Start again on the same port and data; stop a running server first. Raises as `kill` does."""
        _, process = self._owned()
        process.stop()
        self._launch()

    def revive(self) -> None:
        """Restart a server of ours that has ended."""
        if self.is_ours and not self.is_running:
            self.restart()

    def wait(self) -> None:
        """Return when the server has ended."""
        if self._process:
            self._process.wait()

    def answers(self) -> bool:
        """Whether the node accepts requests and its shards are available."""
        try:
            health = request(self.url, "GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        except (OSError, ValueError):
            return False
        return bool(health["status"] != "red")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        assert self._place, "not started"
        process = self._process = self._place.launch(self._port, self._java_options, self._settings)
        try:
            # Only while our process runs: after a port clash, another server would answer.
            process.await_ready(lambda: process.is_running and self.answers(), READY_TIMEOUT_S)
        except StartFailed:
            self._place.kill(process)
            raise

    def _owned(self) -> tuple[Container | LocalInstall, ServerProcess]:
        if not self._place or not self._process:
            raise ServiceMissing(f"the OpenSearch at {self.url} is not ours to stop")
        return self._place, self._process

    def _demand_answer(self) -> None:
        if not self.answers():
            raise ServiceMissing(f"no OpenSearch answers at OPENSEARCH_URL ({self.url})")


def request(url: str, method: str, path: str, body: object = None) -> Any:
    """One REST call without a client library: JSON in, JSON out. Raises OSError when refused."""
    asked = urllib.request.Request(url + path, method=method, headers={"Content-Type": "application/json"})
    asked.data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(asked, timeout=REQUEST_TIMEOUT_S) as answer:
        return json.load(answer)


def indexes(url: str) -> set[str]:
    """The names of all indexes, without the server's own."""
    listed = request(url, "GET", "/_cat/indices?format=json&h=index&expand_wildcards=all")
    return {line["index"] for line in listed if not line["index"].startswith(".")}


@contextlib.contextmanager
def left_as_found(server: OpenSearchServer) -> Iterator[str]:
    """The URL of a running server. At the end of the block, every index that has appeared is deleted."""
    server.revive()
    before = indexes(server.url)
    try:
        yield server.url
    finally:
        server.revive()
        for name in indexes(server.url) - before:
            request(server.url, "DELETE", f"/{name}")


def _find_place() -> Container | LocalInstall:
    try:
        return Container()
    except ServiceMissing:
        return LocalInstall()


def _is_port_clash(error: StartFailed) -> bool:
    return any(sign in str(error) for sign in ("BindHttpException", "BindException", "port is already allocated"))


def main() -> None:
    """Serve until Ctrl-C, SIGTERM or the end of the server."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--heap-mib", type=int, default=1024, help="Java heap (default: 1024)")
    arguments = parser.parse_args()

    def leave(*_: object) -> NoReturn:
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    try:
        with OpenSearchServer(arguments.heap_mib) as server:
            print(server.url, flush=True)
            server.wait()
    except (ServiceMissing, StartFailed) as error:
        sys.exit(f"No OpenSearch: {error}")


if __name__ == "__main__":
    main()

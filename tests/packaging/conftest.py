"""Environments with the built wheel and nothing from the checkout."""

import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.release.packages import build_packages
from testing.processes import ROOT

#: The time of every file in wheel and source distribution.
EPOCH = 1_700_000_000


@pytest.fixture(scope="session")
def wheel(built: tuple[Path, Path]) -> Path:
    return built[0]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and source distribution, as `make release` builds them."""
    return build_packages(ROOT, tmp_path_factory.mktemp("dist"), EPOCH)


@pytest.fixture(scope="session")
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and all third-party packages of the tests' own environment."""
    python = install(wheel, tmp_path_factory.mktemp("whole"))
    # A folder in a .pth file is searched, but its own .pth files, one of which has the checkout, are not read.
    site_packages(python).joinpath("third_party.pth").write_text(f"{distribution('celery').locate_file('')}\n")
    return python


@pytest.fixture(scope="session")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and only the packages of the base installation."""
    python = install(wheel, tmp_path_factory.mktemp("base"))
    for name in base_packages(wheel):
        link(distribution(name), site_packages(python))
    return python


def install(wheel: Path, folder: Path) -> Path:
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, str(wheel)], check=True)
    return python


def site_packages(python: Path) -> Path:
    (folder,) = python.parent.parent.glob("lib/python*/site-packages")
    return folder


def base_packages(wheel: Path) -> set[str]:
    """What pip installs with the wheel: its requirements without extras, and theirs."""
    found: set[str] = set()
    (metadata,) = site_metadata(wheel)
    add(metadata.requires or [], frozenset(), found)
    return {name for name, _ in map(lambda item: item.split("[", 1) if "[" in item else (item, ""), found)}


def site_metadata(wheel: Path) -> Iterable[Distribution]:
    return Distribution.discover(path=[str(wheel)])


def add(lines: Iterable[str], extras: frozenset[str], found: set[str]) -> None:
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            continue
        wanted = frozenset(requirement.extras)
        key = canonicalize_name(requirement.name) + (f"[{','.join(sorted(wanted))}]" if wanted else "")
        if key not in found:
            found.add(key)
            add(distribution(requirement.name).requires or [], wanted, found)


def link(package: Distribution, folder: Path) -> None:
    for name in {file.parts[0] for file in package.files or [] if file.parts[0] not in ("..", "__pycache__")}:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(Path(str(package.locate_file(name))))

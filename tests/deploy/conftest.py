"""Installations like those of the images: environments that cannot import the packages that an image excludes."""

import os
from pathlib import Path

import pytest

from lookalike.extras import MODULES
from testing.processes import ROOT

#: Installation -> its extras. The Makefile makes the lock of each image from the same extras.
EXTRAS: dict[str, tuple[str, ...]] = {
    "producer": (),
    "flower": ("flower",),
    "api": ("api",),
    "api, lancedb": ("api", "lancedb"),
    "lancedb": ("lancedb",),
}


def left_out(installation: str) -> list[str]:
    """The modules that are not in the installation."""
    there = {module for extra in EXTRAS[installation] for module in MODULES[extra]}
    return sorted({module for modules in MODULES.values() for module in modules} - there)


@pytest.fixture(scope="session")
def installations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Installation -> an environment in which only its packages can be imported, also by child processes."""
    return {name: _without(left_out(name), tmp_path_factory.mktemp("installation")) for name in EXTRAS}


def _without(modules: list[str], folder: Path) -> dict[str, str]:
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({modules}))\n")
    path = os.pathsep.join([str(folder), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "LOOKALIKE_KEEP_ENV": "PYTHONPATH"}

"""Installations as the images have them: environments whose processes cannot import what an image leaves out."""

import os
from pathlib import Path

import pytest

from lookalike.extras import MODULES
from testing.processes import ROOT

#: Installation -> its extras. The Makefile makes a lock for each image from the same ones.
EXTRAS: dict[str, tuple[str, ...]] = {
    "producer": (),
    "flower": ("flower",),
    "api": ("api",),
    "api, lancedb": ("api", "lancedb"),
    "lancedb": ("lancedb",),
}


def left_out(installation: str) -> list[str]:
    """The modules that the installation does not have."""
    there = {module for extra in EXTRAS[installation] for module in MODULES[extra]}
    return sorted({module for modules in MODULES.values() for module in modules} - there)


@pytest.fixture(scope="session")
def installations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Installation -> an environment in which its packages alone can be imported, by child processes too."""
    return {name: _without(left_out(name), tmp_path_factory.mktemp("installation")) for name in EXTRAS}


def _without(modules: list[str], folder: Path) -> dict[str, str]:
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({modules}))\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}

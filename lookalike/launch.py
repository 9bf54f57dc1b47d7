"""Starts our own programs in child processes, whatever packages the working directory and PYTHONPATH hold."""

import os
import sys
import sysconfig
from pathlib import Path

#: The packages of this distribution -> their folders in a checkout.
_PACKAGES = {
    "lookalike": "",
    "lookalike_api": "api",
    "lookalike_cli": "cli",
    "lookalike_evaluation": "evaluation",
    "lookalike_producer": "producer",
    "lookalike_worker": "worker",
}
#: The folder that holds the package `lookalike`: site-packages, or a checkout.
_ROOT = Path(__file__).parent.parent


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules in this Python; `environment` belongs to it.

    -P keeps the working directory off the child's `sys.path`.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(**variables: str) -> dict[str, str]:
    """Ours with `variables` added, and a PYTHONPATH with which a child imports our packages from where we have them.

    Folders of PYTHONPATH stay if they hold no package with one of our names.
    """
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = [folder for folder in given if folder and not _holds_package(Path(folder))]
    path += [str(folder) for folder in _own_folders()]
    named = {"PYTHONPATH": os.pathsep.join(path)} if path else {}
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | named | variables


def _holds_package(folder: Path) -> bool:
    return any((folder / name / "__init__.py").exists() or (folder / f"{name}.py").exists() for name in _PACKAGES)


def _own_folders() -> list[Path]:
    """The folders of our packages; none if they are in site-packages, where every child looks anyway."""
    if str(_ROOT) in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        return []
    folders = (_ROOT if (_ROOT / name).is_dir() else _ROOT / inside for name, inside in _PACKAGES.items())
    return list(dict.fromkeys(folders))

"""Wheel and source distribution: built reproducibly, and checked."""

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from deploy.release.failed import Failed


def build_packages(root: Path, folder: Path, epoch: int) -> tuple[Path, Path]:
    """The wheel, built from the source distribution, and that. Every file in them has the time `epoch`."""
    _run(root, epoch, "build", "--no-isolation", "--outdir", str(folder), str(root))
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source


def check_packages(root: Path, wheel: Path, source: Path, version: str) -> None:
    """Raises Failed if twine or check-wheel-contents finds fault, or a version differs."""
    for built, found in ((wheel, _wheel_version(wheel)), (source, _source_version(source))):
        if found != version:
            raise Failed(f"{built.name} has the version {found}; lookalike/release.py has {version}.")
    _run(root, 0, "twine", "check", "--strict", str(wheel), str(source))
    _run(root, 0, "check_wheel_contents", "--config", str(root / "pyproject.toml"), str(wheel))


def check_install(wheel: Path, version: str) -> None:
    """Install the wheel into a new environment, as users do. Raises Failed unless `lookalike --version` answers."""
    with tempfile.TemporaryDirectory(prefix="lookalike-release-") as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder, "bin")
        clean = {"PATH": os.environ["PATH"], "HOME": folder} | _proxies()
        pip = [str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        _answer([*pip, str(wheel)], clean, folder)
        answer = _answer([str(programs / "lookalike"), "--version"], clean, folder)
    if answer != f"lookalike {version}":
        raise Failed(f"The installed wheel answers {answer!r} to --version, not lookalike {version}.")


def _run(root: Path, epoch: int, module: str, *words: str) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=root, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(f"{module} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _answer(command: list[str], environment: dict[str, str], folder: str) -> str:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout.strip()


def _proxies() -> dict[str, str]:
    """What pip needs to reach the registry from here."""
    wanted = ("PIP_", "SSL_CERT", "REQUESTS_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    return {name: value for name, value in os.environ.items() if name.upper().startswith(wanted)}


def _wheel_version(wheel: Path) -> str | None:
    with zipfile.ZipFile(wheel) as opened:
        (metadata,) = (name for name in opened.namelist() if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(opened.read(metadata).decode())["Version"]


def _source_version(source: Path) -> str | None:
    with tarfile.open(source) as opened:
        metadata = opened.extractfile(f"{source.name.removesuffix('.tar.gz')}/PKG-INFO")
        return HeaderParser().parsestr(metadata.read().decode())["Version"] if metadata else None

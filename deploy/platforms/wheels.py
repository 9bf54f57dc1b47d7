"""Which packages of a lock file have no wheel for a platform and a version of Python, as uv finds them."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name

from deploy.locks import Locked

#: What uv says of the first package without a wheel, such as `Because lancedb==0.40.0 has no wheels with ...`.
_MISSING = re.compile(r"Because ([\w.-]+?)(?:\{[^}]*\})?==\S+ has no (?:usable )?wheels")


class Failed(Exception):
    """`str()` says what uv said."""


def find_uv(root: Path) -> str:
    """That of `make install`, or that on PATH. Raises Failed."""
    installed = root / ".venv" / "uv" / "bin" / "uv"
    found = str(installed) if installed.exists() else shutil.which("uv")
    if found is None:
        raise Failed("uv is not installed: run `make install`, or see https://docs.astral.sh/uv/ for other ways.")
    return found


def missing_wheels(uv: str, packages: Iterable[Locked], platform: str, python: str) -> set[str]:
    """The packages without a wheel. `platform` is a name of uv, such as "aarch64-apple-darwin". Raises Failed.

    uv names one package each time, so this asks again without it. It installs nothing.
    """
    left, missing = list(packages), set[str]()
    while (said := _ask(uv, left, platform, python)) is not None:
        name = package_without_wheel(said)
        if name is None or name in missing:
            raise Failed(f"{platform}, Python {python}: {said[-1000:]}")
        missing.add(name)
        left = [package for package in left if package.name != name]
    return missing


def package_without_wheel(said: str) -> str | None:
    """The package that a failure of uv is about, or None if it failed for another reason."""
    found = _MISSING.search(" ".join(said.split()))
    return canonicalize_name(found[1]) if found else None


def _ask(uv: str, packages: list[Locked], platform: str, python: str) -> str | None:
    """What uv says if it finds no wheel for one of the packages, otherwise None."""
    with tempfile.TemporaryDirectory(prefix="lookalike-wheels-") as folder:
        wanted = Path(folder, "requirements.txt")
        lines = (f"{one.name}=={one.version}{one.marker and f' ; {one.marker}'}\n" for one in packages)
        wanted.write_text("".join(lines))
        place = ["--python-platform", platform, "--python-version", python, "--target", str(Path(folder, "target"))]
        words = ["pip", "install", "--dry-run", "--no-deps", "--only-binary", ":all:", "--no-config", *place]
        done = subprocess.run([uv, *words, "-r", str(wanted)], capture_output=True, text=True)
    return done.stderr if done.returncode else None

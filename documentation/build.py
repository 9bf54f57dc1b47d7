"""Builds the site: a tree of pages with the repository's files in their places, then Zensical."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

from documentation.decisions import INDEX, index_page
from documentation.pages import DOCS, ROOT, place, placed, sources

CONFIG = Path(__file__).with_name("zensical.toml")
ASSETS = Path(__file__).with_name("assets")


class BuildFailed(Exception):
    """Zensical does not build the site, for the reason that the text says."""


def build(site: Path) -> None:
    """Replace the folder `site` by a new one. Raises BuildFailed."""
    with tempfile.TemporaryDirectory(prefix="documentation-") as folder:
        work = Path(folder)
        shutil.copy(CONFIG, work)
        _stage(work / "docs")
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(work / CONFIG.name)]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True)
        if done.returncode:
            raise BuildFailed(reason(done.stdout + done.stderr))
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(work / "site", site)


def reason(said: str) -> str:
    """What Zensical says, without a traceback: of that only the error."""
    before, traceback, frames = said.partition("Traceback (most recent call last):\n")
    error = [line for line in frames.splitlines() if line and not line.startswith(" ")]
    told = [line for line in before.splitlines() if line.strip()]
    return "\n".join(error[:1] if traceback and error else told)


def _stage(folder: Path) -> None:
    """Fill the folder with pages, and with the images and files that they show."""
    shutil.copytree(ROOT / DOCS, folder, ignore=shutil.ignore_patterns("*.md"))
    shutil.copytree(ASSETS, folder / ASSETS.name)
    files = set[PurePosixPath]()
    for source in sources():
        text, more = placed(source)
        _write(folder / place(source), text)
        files |= {file for file in more if file.suffix != ".md" and (ROOT / file).is_file()}
    _write(folder / INDEX, index_page())
    for source in files:
        target = folder / place(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")

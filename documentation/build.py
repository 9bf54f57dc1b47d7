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


def build(site: Path) -> None:
    """Replace the folder `site` by a new one. Raises CalledProcessError with what Zensical says."""
    with tempfile.TemporaryDirectory(prefix="documentation-") as folder:
        work = Path(folder)
        shutil.copy(CONFIG, work)
        _stage(work / "docs")
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(work / CONFIG.name)]
        subprocess.run(command, cwd=work, check=True, capture_output=True, text=True)
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(work / "site", site)


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

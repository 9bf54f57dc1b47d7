"""The command line: parses arguments, calls, prints."""

import os
import sys
from pathlib import Path


def _prefer_installation() -> None:
    """Import our packages from the installation first.

    Folders of PYTHONPATH, and the working directory of `python -m`, come last if they hold something called
    `lookalike...`. This runs before any of our packages is imported, so it cannot be one of their functions.
    """
    given = {os.path.abspath(folder) for folder in [*os.environ.get("PYTHONPATH", "").split(os.pathsep), ""]}
    last = {folder for folder in sys.path if os.path.abspath(folder) in given and any(Path(folder).glob("lookalike*"))}
    sys.path.sort(key=last.__contains__)


_prefer_installation()

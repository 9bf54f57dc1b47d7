"""The command line: parses arguments, calls, prints."""

# Both are part of the interpreter: importing them searches no folder.
import os
import sys


def _search_own_code_first() -> None:
    """Import code from Python's folders and ours first, then from PYTHONPATH, and never from the working folder.

    The working folder is on the path for `python -m`, and for each empty or relative entry of PYTHONPATH. This runs
    before anything else is imported, so it cannot be a function of another module.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # The folder of this package, and in a checkout the one above it.
    own = {here, os.path.dirname(here)}
    working = _working_folder()
    given = {os.path.abspath(folder) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder}

    def is_working(folder: str) -> bool:
        return not os.path.isabs(folder) or os.path.realpath(folder) == working

    path = [folder for folder in sys.path if folder in own or not is_working(folder)]
    sys.path[:] = sorted(path, key=lambda folder: folder in given and folder not in own)


def _working_folder() -> str | None:
    try:
        return os.path.realpath(os.getcwd())
    except FileNotFoundError:  # somebody has removed it
        return None


_search_own_code_first()

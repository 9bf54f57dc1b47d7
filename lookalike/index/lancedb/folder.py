"""The folder of a LanceDB index. Imports no database library."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from lookalike.addresses import folder_url
from lookalike.errors import BadSetting

#: How long removing a temporary folder is retried while an interrupted write still adds files to it.
REMOVAL_TIMEOUT_S = 10.0
#: How long the folder must stay away after an interruption.
SETTLE_S = 0.5


def folder_of(url: str) -> Path:
    """The folder of a `lancedb:///path` URL. Raises BadSetting unless the path is absolute."""
    parts = urlsplit(url)
    path = Path(os.fsdecode(unquote_to_bytes(parts.path)))
    if parts.netloc or not path.is_absolute():
        raise BadSetting(f"{url!r} has no absolute path.", "Write lancedb:///absolute/path.")
    return path


@contextmanager
def temporary_folder() -> Iterator[str]:
    """The URL of an empty folder that is removed at the end."""
    folder = tempfile.mkdtemp(prefix="lookalike-")
    try:
        yield folder_url("lancedb", folder)
    except BaseException:
        _remove(folder, SETTLE_S)
        raise
    _remove(folder)


def _remove(folder: str, settle_s: float = 0.0) -> None:
    """Remove the folder. After an interrupted write, LanceDB's threads go on for a moment: they add files to a folder
    that is being removed, and create it again."""
    deadline = time.monotonic() + REMOVAL_TIMEOUT_S
    while True:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            pass
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(settle_s)
        if not os.path.exists(folder):
            return

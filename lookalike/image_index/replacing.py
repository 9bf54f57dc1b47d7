"""Writes a file beside its place, and puts it there when it is complete."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike.disk import write_error
from lookalike.errors import BadSetting
from lookalike.shown import shown
from lookalike.storage import kind_of_file

WRITE_ADVICE = "Name a file in a folder that can be written."


def check_target(path: Path) -> Path:
    """The file to write: that which a symlink points to. Raises BadSetting if something else than a file is there."""
    place = Path(os.path.realpath(path))
    try:
        mode = place.stat().st_mode
    except OSError:
        # Nothing is there yet, or the write tells why it cannot be.
        return place
    if not stat.S_ISREG(mode):
        raise BadSetting(f"{shown(str(path))} is not a file but {kind_of_file(mode)}.", WRITE_ADVICE)
    return place


@contextmanager
def replaced(path: Path) -> Iterator[str]:
    """A temporary file in the folder of `path` that replaces it unless an error is raised."""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(descriptor)
        try:
            yield temporary
            # The permissions of a new file: mkstemp denies access to others.
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise write_error(path, error, WRITE_ADVICE) from error


def _umask() -> int:
    """The umask of this process. It can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

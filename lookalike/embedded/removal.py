"""Removes what lookalike keeps of a user: the home with everything in it, and the user's settings."""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lookalike.clutter import is_left_out
from lookalike.disk import OTHERS, PRIVATE, TEMPORARY, write_error
from lookalike.embedded.lock import opened
from lookalike.errors import PermanentError
from lookalike.shown import shown
from lookalike.variables import users_file

#: Folders of a home with images of ours: what the demo draws, and links to matches.
WITH_IMAGES = ("demo", "shown")
#: How the names of images end that somebody may have put into a home.
IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".avif", ".jxl", ".dng")
SETTINGS, LEFTOVERS = "settings", "leftovers"


@dataclass(frozen=True)
class Removable:
    """A file or folder of ours; a link is removed, not what it points to. `size_bytes` is what goes with it."""

    what: str
    path: Path
    size_bytes: int

    @property
    def is_link(self) -> bool:
        return self.path.is_symlink()


def removables(home: Path) -> list[Removable]:
    """Everything that is ours in a home and among the user's settings. Raises PermanentError for a home with other
    things or images in it: some of our names are plain, and a folder `index` may be somebody's."""
    names = sorted(os.listdir(home)) if home.is_dir() else []
    meanings = {**PRIVATE, **OTHERS}
    ours = [name for name in names if name in meanings or name.startswith(TEMPORARY)]
    if others := [name for name in names if name not in ours and not is_left_out(name)]:
        raise PermanentError(
            f"{home} also holds {shown(others[0])}, which is not from lookalike: nothing is removed.",
            "Move it elsewhere, or remove by hand what `lookalike uninstall-data --help` names.",
        )
    for name in ours:
        if name not in WITH_IMAGES and (image := next(_images(home / name), None)):
            raise PermanentError(f"{image} is an image, which may be yours: nothing is removed.", "Move it elsewhere.")
    found = [_removable(meanings.get(name, LEFTOVERS), home / name) for name in ours]
    settings = users_file()
    return [*found, *([_removable(SETTINGS, settings)] if settings is not None and os.path.lexists(settings) else [])]


def remove(found: Sequence[Removable], home: Path) -> None:
    """Remove them, and the folders in which they were if these are empty now. Raises AccessDenied."""
    for one in found:
        try:
            _remove(one.path)
        except OSError as error:
            raise write_error(one.path, error, "Remove it as the user whom it belongs to.") from error
    for folder in {home, *(one.path.parent for one in found)}:
        if folder.is_dir() and not folder.is_symlink() and not os.listdir(folder):
            folder.rmdir()


@contextmanager
def not_in_use(home: Path) -> Iterator[None]:
    """Keep the stack of a home from starting meanwhile. Raises PermanentError if it runs."""
    with ExitStack() as exits:
        if (home / "run").is_dir():
            lock = exits.enter_context(opened(home / "run" / "owner.lock"))
            if not lock.try_exclusive():
                raise PermanentError(f"A stack is running under {home}.", "Stop `lookalike up` or the running command.")
        yield


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        # It follows no links.
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _removable(what: str, path: Path) -> Removable:
    return Removable(what, path, sum(_sizes(path)))


def _images(path: Path) -> Iterator[Path]:
    """The files below a folder of ours that look like images. It follows no links."""
    for folder, _, files in os.walk(path) if not path.is_symlink() else ():
        yield from (Path(folder, name) for name in files if name.lower().endswith(IMAGES))


def _sizes(path: Path) -> Iterator[int]:
    yield _size(path)
    for folder, folders, files in os.walk(path) if not path.is_symlink() else ():
        yield from (_size(Path(folder, name)) for name in (*folders, *files))


def _size(path: Path) -> int:
    """Of a file; a folder takes next to nothing, and a link as well."""
    try:
        state = path.lstat()
    except OSError:
        return 0
    return state.st_size if stat.S_ISREG(state.st_mode) else 0

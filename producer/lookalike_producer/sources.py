"""Turns sources into image references, one at a time, so that memory does not grow with the source."""

import glob
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from lookalike.errors import BadSetting, SourceMissing
from lookalike.records import ImageRef
from lookalike.shown import shown
from lookalike.storage import local_uri

#: A file with one of these suffixes is a list of paths, one per line. Any other file is one image.
LIST_SUFFIXES = (".txt", ".lst", ".list")
#: Files that file managers leave beside images.
CLUTTER = frozenset({"thumbs.db", "desktop.ini"})
STDIN = "-"

Label = Callable[[str], str | None]


def find_images(sources: Sequence[str], label_from: str = "parent") -> Iterator[ImageRef]:
    """The images of folders (recursive), globs, lists of paths and single files, in no particular order.

    All sources are checked before this returns. Raises SourceMissing, BadSetting.
    """
    label = _labeller(label_from)
    paths = [_paths(source) for source in sources]
    return (ImageRef(uri=local_uri(path), label=label(path)) for path in chain.from_iterable(paths))


def _labeller(label_from: str) -> Label:
    if label_from == "parent":
        return _parent_name
    if label_from == "none":
        return lambda path: None
    raise BadSetting(f"A label cannot come from {shown(label_from)}.", "Use parent (the name of the folder) or none.")


def _parent_name(path: str) -> str | None:
    name = os.path.basename(os.path.dirname(path))
    # A label is sent as JSON: bytes that are not UTF-8 become replacement characters.
    return os.fsencode(name).decode("utf-8", "replace") or None


def _paths(source: str) -> Iterable[str]:
    path = os.path.abspath(os.path.expanduser(source))
    if source == STDIN:
        return _lines(sys.stdin.buffer, os.getcwd())
    if os.path.isdir(path):
        return _walk(path)
    if path.lower().endswith(LIST_SUFFIXES) and os.path.isfile(path):
        return _listed(path)
    if os.path.lexists(path):
        return (path,)
    if glob.has_magic(source):
        return _matches(path)
    advice = "Give a folder, a glob in quotes, a .txt list of paths, or - for a list on standard input."
    raise SourceMissing(f"There is no {shown(source)}.", advice)


def _walk(folder: str) -> Iterator[str]:
    """Every file below `folder` except hidden ones. Links to folders are not followed: they may form a cycle."""
    try:
        entries = os.scandir(folder)
    except OSError:
        # Passed on as if it were an image: the worker then rejects it with the reason, so it is counted.
        yield folder
        return
    with entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in CLUTTER:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
            elif not (entry.is_symlink() and os.path.isdir(entry.path)):
                yield entry.path


def _matches(pattern: str) -> Iterator[str]:
    matches = (path for path in glob.iglob(pattern, recursive=True) if not os.path.isdir(path))
    first = next(matches, None)
    if first is None:
        raise SourceMissing(f"Nothing matches {shown(pattern)}.", "Put the glob in quotes; ** goes into sub-folders.")
    return chain((first,), matches)


def _listed(path: str) -> Iterator[str]:
    try:
        # Open it now, so that an unreadable list fails now; the generator opens it again when it is read.
        open(path, "rb").close()
    except OSError as error:
        raise SourceMissing(f"The list {path} cannot be read: {error.strerror}.") from error
    return _read(path)


def _read(path: str) -> Iterator[str]:
    with open(path, "rb") as file:
        yield from _lines(file, os.path.dirname(path))


def _lines(lines: Iterable[bytes], base: str) -> Iterator[str]:
    """Paths, one per line; relative paths start at the folder of the list."""
    for line in lines:
        if path := os.fsdecode(line.rstrip(b"\r\n")):
            yield os.path.normpath(os.path.join(base, path))

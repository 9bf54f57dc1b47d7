"""Where the images lie that the rows of a table name by relative paths."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from lookalike.uris import is_remote, scheme_of
from lookalike_producer.tables.addresses import Where

#: Names that are tried.
TRIED = 20
#: Folders beside a table that are tried.
FOLDERS = 50
#: Suffixes that names may lack, as Kaggle's tables often do.
SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".JPG", ".JPEG", ".PNG", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic"),
    *(".dng", ".jxl"),
)


def located(base: str, values: Iterable[Any]) -> tuple[Where, ...]:
    """The places of the images with these names, the one with most of them first; the folder `base` if there are none.

    They lie in `base` if one of them does; otherwise in folders inside, or with a suffix that the names lack.
    """
    names = list(islice(_relative(values), TRIED))
    if is_remote(base) or not names or any(os.path.lexists(Where(base).path(name)) for name in names):
        return (Where(base),)
    found: Counter[Where] = Counter()
    for folder in (base, *_folders(base)):
        for suffix in ("", *SUFFIXES):
            where = Where(folder, suffix)
            found[where] += sum(os.path.isfile(where.path(name)) for name in names)
    return tuple(where for where, count in found.most_common() if count) or (Where(base),)


def are_there(where: Iterable[Where], values: Iterable[Any]) -> bool:
    """Whether one of the relative names is that of a file."""
    names = list(islice(_relative(values), TRIED))
    return any(os.path.isfile(place.path(name)) for place in where for name in names)


def _relative(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        name = str(value).strip().replace("\\", "/") if isinstance(value, str | int) else ""
        if name and not name.startswith(("/", "~")) and not scheme_of(name) and "\0" not in name and len(name) < 1000:
            yield name


def _folders(base: str) -> list[str]:
    folders: list[str] = []
    with suppress(OSError), os.scandir(base) as entries:
        folders = [entry.path for entry in islice(entries, 10_000) if entry.is_dir() and not entry.name.startswith(".")]
    return sorted(folders)[:FOLDERS]

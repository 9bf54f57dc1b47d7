"""Labels the images of a folder that has one sub-folder per class."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from lookalike.clutter import is_left_out
from lookalike.records import ImageRef
from lookalike.storage import local_path, local_uri

#: Names that a sentence lists; it counts the rest.
MAX_NAMES = 5


def in_classes(folder: Path, references: Iterable[ImageRef]) -> list[ImageRef]:
    """The references sorted by URI; images in `folder` itself have no label."""
    top = os.path.dirname(local_uri(folder / "x"))
    every = sorted(references, key=lambda ref: ref.uri)
    return [ImageRef(ref.uri) if os.path.dirname(ref.uri) == top else ref for ref in every]


def empty_classes(folder: Path, references: Iterable[ImageRef]) -> list[str]:
    """The names of the sub-folders without any of the references, which come from a walk through `folder`."""
    start = len(os.path.abspath(folder)) + 1
    used = {local_path(ref.uri)[start:].partition("/")[0] for ref in references}
    unused = (path for path in folder.iterdir() if path.name not in used and not is_left_out(path.name))
    return sorted(os.fsencode(path.name).decode("utf-8", "replace") for path in unused if path.is_dir())


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more

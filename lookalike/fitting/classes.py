"""Labels the images of a folder that has one sub-folder per class."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from lookalike.clutter import is_left_out
from lookalike.records import ImageRef
from lookalike.storage import local_path
from lookalike.uris import member_of

#: Names that a sentence lists; it counts the rest.
MAX_NAMES = 5


def in_classes(folder: Path, references: Iterable[ImageRef]) -> list[ImageRef]:
    """The references sorted by URI; images in `folder` itself have no label.

    Folders of one name in different places are different classes: each is named by its path below `folder`.
    """
    top = os.path.abspath(folder)
    every = sorted(references, key=lambda ref: ref.uri)
    places: dict[str | None, set[str]] = defaultdict(set)
    for ref in every:
        places[ref.label].add(_place(ref))
    return [ImageRef(ref.uri, _class_of(ref, top, places[ref.label] - {top})) for ref in every]


def _class_of(ref: ImageRef, top: str, places: set[str]) -> str | None:
    place = _place(ref)
    if place == top:
        return None
    if len(places) == 1:
        return ref.label
    return os.fsencode(place.removeprefix(f"{top}/")).decode("utf-8", "replace")


def _place(ref: ImageRef) -> str:
    """The folder of an image, on the disk or in an archive; a file of an odd name lies where the others do."""
    return os.path.dirname(ref.uri if member_of(ref.uri) else local_path(ref.uri))


def notes_on_classes(labels: Iterable[str | None]) -> list[str]:
    """A sentence if several folders have the same name, because they may be meant as one class."""
    paths = sorted({label for label in labels if label and "/" in label})
    return [f"Folders of the same name in different places are different classes: {listed(paths)}."] if paths else []


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

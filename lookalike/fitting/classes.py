"""A labelled folder: a sub-folder per class; knows files by their references alone."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from lookalike.records import ImageRef
from lookalike.storage import local_uri

#: Names that a sentence lists before it counts the rest.
MOST_NAMES = 5


def in_classes(folder: Path, references: Iterable[ImageRef]) -> list[ImageRef]:
    """The references in order of their uri; what lies in `folder` itself, beside the classes, has no label."""
    top = os.path.dirname(local_uri(folder / "x"))
    every = sorted(references, key=lambda ref: ref.uri)
    return [ImageRef(ref.uri) if os.path.dirname(ref.uri) == top else ref for ref in every]


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more

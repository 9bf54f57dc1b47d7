"""Labels the images of a folder that has one sub-folder per class."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from lookalike.records import ImageRef
from lookalike.storage import local_uri

#: Names that a sentence lists; it counts the rest.
MAX_NAMES = 5


def in_classes(folder: Path, references: Iterable[ImageRef]) -> list[ImageRef]:
    """The references sorted by URI; images in `folder` itself have no label."""
    top = os.path.dirname(local_uri(folder / "x"))
    every = sorted(references, key=lambda ref: ref.uri)
    return [ImageRef(ref.uri) if os.path.dirname(ref.uri) == top else ref for ref in every]


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more

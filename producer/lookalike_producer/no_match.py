"""Why a source gives no image."""

import os
from collections.abc import Callable
from contextlib import suppress
from itertools import islice

from lookalike.errors import SourceMissing
from lookalike.shown import shown
from lookalike_producer.places import Tree
from lookalike_producer.walk.pattern import ANY_FOLDERS, Pattern

#: Names in the folder that are looked at.
LOOKED_AT = 10_000


def no_match(tree: Tree) -> SourceMissing:
    """The error, with what is there instead, and what to write then."""
    why, advice = _explained(tree)
    return SourceMissing(f"Nothing matches {shown('/'.join((tree.folder, *tree.parts)))}{why}.", advice)


def _explained(tree: Tree) -> tuple[str, str]:
    last = tree.parts[-1]
    if "{" in "".join(tree.parts):
        return "", "Braces are no part of a glob: give one glob for each alternative."
    if not os.path.isdir(tree.folder or "/"):
        return f": there is no folder {shown(tree.folder)}", "A glob starts at the working folder, or with a slash."
    if tree.parts in ((last,), (ANY_FOLDERS, last)):
        folders, files = _names(tree.folder or "/")
        if any(map(_matching(last), folders)):
            return " but folders", "Give the folder, or a glob that ends with /**."
        if any(map(_matching(last, include_hidden=True), files)):
            return " but hidden files and clutter", "`--include-hidden` (include_hidden=True) includes them."
        if any(map(_matching(last.lower()), map(str.lower, files))):
            return ": the names differ in upper and lower case", "Write *.[jJ][pP][gG] to match both."
    if ANY_FOLDERS not in tree.parts:
        return "", f"To match in sub-folders too, write **/{last}."
    return "", "Look for a misspelt name: every part of a glob has to match."


def _matching(part: str, *, include_hidden: bool = False) -> Callable[[str], bool]:
    pattern = Pattern((part,), include_hidden=include_hidden)
    return lambda name: pattern.fits((name,))


def _names(folder: str) -> tuple[list[str], list[str]]:
    """The names of some folders and of some files in a folder."""
    folders: list[str] = []
    files: list[str] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in islice(entries, LOOKED_AT):
            (folders if entry.is_dir() else files).append(entry.name)
    return folders, files

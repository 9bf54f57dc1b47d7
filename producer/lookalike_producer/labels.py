"""The label of an image: from the name of a folder, from its path, or none."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lookalike.errors import BadSetting
from lookalike.shown import clause, shown
from lookalike.uris import WEB_SCHEMES, is_remote, scheme_of
from lookalike_producer.named import absolute, unquoted

#: Begins a pattern among the values of `label_from`.
REGEX = "regex:"
#: The group of a pattern that is the label; without it the first group, and without a group all that matches.
GROUP = "label"
_ADVICE = f"Use parent (the image's folder), top (the first folder below the source), none, or {REGEX}PATTERN."


@dataclass(frozen=True)
class Label:
    """`of` gives the label of an image by its folder and its name. Without `needs_name`, all images of a folder have
    the same, and the name may be empty."""

    of: Callable[[str, str], str | None]
    needs_name: bool = False


def labeller(label_from: str, roots: Iterable[str] = ()) -> Label:
    """The label from "parent", "top", "none" or "regex:PATTERN"; `roots` are the folders that sources name.

    Raises BadSetting.
    """
    if label_from == "parent":
        return Label(_parent)
    if label_from == "top":
        # The innermost of several first.
        tops = sorted({root.rstrip("/") for root in roots}, key=len, reverse=True)
        return Label(lambda folder, name: _top(folder, tops))
    if label_from == "none":
        return NO_LABEL
    if label_from.startswith(REGEX):
        pattern = _pattern(label_from.removeprefix(REGEX))
        return Label(lambda folder, name: _matched(pattern, f"{folder}/{name}"), needs_name=True)
    raise BadSetting(f"A label cannot come from {shown(label_from)}.", _ADVICE)


def has_labels(label_from: str) -> bool:
    return label_from != "none"


def label_of_path(label_from: str) -> Callable[[str], str | None]:
    """The label of an image whose path or address alone is known. Raises BadSetting."""
    label = labeller(label_from)
    return lambda path: None if scheme_of(path) in WEB_SCHEMES else label.of(*os.path.split(_whole(path)))


def _whole(path: str) -> str:
    return path if is_remote(path) else absolute(os.path.expanduser(unquoted(path)), os.getcwd())


NO_LABEL = Label(lambda folder, name: None)


def _parent(folder: str, name: str) -> str | None:
    return _text(os.path.basename(folder))


def _top(folder: str, roots: Iterable[str]) -> str | None:
    """The first folder below the root that the folder is in; None for the root itself."""
    root = next((root for root in roots if folder == root or folder.startswith(f"{root}/" if root else "")), None)
    return _parent(folder, "") if root is None else _text(folder[len(root) :].lstrip("/").partition("/")[0])


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise BadSetting(
            f"{shown(text)} is not a regular expression: {clause(error)}.", "Correct the pattern."
        ) from error


def _matched(pattern: re.Pattern[str], path: str) -> str | None:
    found = pattern.search(path)
    if found is None:
        return None
    return _text(found[GROUP] if GROUP in pattern.groupindex else found[1 if pattern.groups else 0])


def _text(label: str | None) -> str | None:
    # A label is sent as JSON: bytes that are not UTF-8 become replacement characters.
    return (os.fsencode(label).decode("utf-8", "replace") or None) if label and label not in (".", "..") else None

"""The label of an image: from the name of a folder, from its path, or none."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lookalike.errors import BadSetting
from lookalike.records import ImageRef
from lookalike.shown import shown
from lookalike.uris import WEB_SCHEMES, is_remote, scheme_of
from lookalike_producer.label_pattern import LabelPattern
from lookalike_producer.named import absolute, unquoted

#: Begins a pattern among the values of `label_from`.
REGEX = "regex:"
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
        pattern = LabelPattern(label_from.removeprefix(REGEX))
        return Label(lambda folder, name: _text(pattern.label_in(f"{folder}/{name}")), needs_name=True)
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


def _text(label: str | None) -> str | None:
    # A label is sent as JSON: bytes that are not UTF-8 become replacement characters.
    return (os.fsencode(label).decode("utf-8", "replace") or None) if label and label not in (".", "..") else None


def noted(references: Iterable[ImageRef], label_from: str, notes: list[str]) -> Iterator[ImageRef]:
    """The references; behind the last one, a note if a pattern has found a label for none of them."""
    has_images = has_labels = False
    for ref in references:
        has_images, has_labels = True, has_labels or ref.label is not None
        yield ref
    if has_images and not has_labels and label_from.startswith(REGEX):
        notes.append(f"No image has a label: {shown(label_from)} finds none in any path.")

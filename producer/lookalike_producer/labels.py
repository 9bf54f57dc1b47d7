"""The label of an image: the name of its folder, or none."""

import os
from collections.abc import Callable

from lookalike.errors import BadSetting
from lookalike.shown import shown
from lookalike.uris import WEB_SCHEMES, is_remote, scheme_of
from lookalike_producer.named import absolute, unquoted

#: The label of the images in a folder.
Label = Callable[[str], str | None]


def labeller(label_from: str) -> Label:
    """The label of the images in a folder, from "parent" or "none". Raises BadSetting."""
    if label_from == "parent":
        return _name
    if label_from == "none":
        return no_label
    raise BadSetting(f"A label cannot come from {shown(label_from)}.", "Use parent (the name of the folder) or none.")


def label_of_path(label_from: str) -> Label:
    """The label of an image whose path or address alone is known. Raises BadSetting."""
    label = labeller(label_from)
    return lambda path: None if scheme_of(path) in WEB_SCHEMES else label(os.path.dirname(_whole(path)))


def _whole(path: str) -> str:
    return path if is_remote(path) else absolute(os.path.expanduser(unquoted(path)), os.getcwd())


def no_label(folder: str) -> str | None:
    return None


def _name(folder: str) -> str | None:
    # A label is sent as JSON: bytes that are not UTF-8 become replacement characters.
    return os.fsencode(os.path.basename(folder)).decode("utf-8", "replace") or None

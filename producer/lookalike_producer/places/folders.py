"""Folders and globs of this machine, with images or with tables."""

import glob
import os
from collections.abc import Sequence

from lookalike.errors import SourceMissing
from lookalike.shown import shown
from lookalike_producer.named import absolute, existing, remote_scheme, unquoted
from lookalike_producer.places.kinds import WHAT_TO_GIVE, Place, Tree
from lookalike_producer.tables import layouts
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.walk.pattern import ANY_FOLDERS


def in_folder(folder: str) -> list[Place]:
    if described := layouts.describing(folder):
        return [
            TableSet(shown(described[0] if len(described) == 1 else folder), described, True, folder),
            Tree(folder, tables=described),
        ]
    if tables := layouts.tables_only(folder, (ANY_FOLDERS,)):
        return [TableSet(shown(folder), tables, below=folder, pattern=(ANY_FOLDERS,))]
    return [Tree(folder)]


def globbed(source: str) -> Tree | TableSet:
    """The longest path that exists, and the parts behind it. Raises SourceMissing for what is no glob."""
    if (scheme := remote_scheme(source)) is not None:
        # The rest of the address may contain credentials and must not be in the message.
        raise SourceMissing(
            f"Sources at {scheme}:// cannot be read.",
            "Give s3://, gs://, az:// or https://; or copy or mount the images, and give their folder.",
        )
    if not glob.has_magic(source):
        raise SourceMissing(f"There is no {shown(source)}.", WHAT_TO_GIVE)
    parts = absolute(os.path.expanduser(unquoted(source)), os.getcwd()).split("/")
    number = 1
    # A folder may have brackets in its name: what exists is no wildcard.
    while number < len(parts) - 1 and (not glob.has_magic(parts[number]) or _is_folder(parts[: number + 1])):
        number += 1
    folder = "/".join(parts[:number])
    tree = Tree((existing(folder or "/", "/") or folder).rstrip("/"), tuple(parts[number:]), is_glob=True)
    tables = layouts.tables_only(tree.folder, tree.parts)
    return TableSet(shown(source), tables, below=tree.folder, pattern=tree.parts) if tables else tree


def _is_folder(parts: Sequence[str]) -> bool:
    return os.path.isdir("/".join(parts))

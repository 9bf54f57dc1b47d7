"""How tables and images lie together in a folder."""

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from lookalike_producer.tables.broken import TableBroken
from lookalike_producer.tables.files import TableFile
from lookalike_producer.tables.formats import format_of
from lookalike_producer.tables.opening import open_table
from lookalike_producer.walk.options import USUAL
from lookalike_producer.walk.pattern import Pattern
from lookalike_producer.walk.walker import Unlisted, Walker

#: Folders inside, such as `train` and `test`, that may have tables of their own.
SPLITS = 20
#: Names in a folder that are looked at for such folders.
LOOKED_AT = 1000
#: What programs write beside tables, and people beside data.
_BESIDE = frozenset(
    {"_success", "_metadata", "_common_metadata", "_committed", "_started", "dataset_info.json", "dataset_infos.json"}
    | {"dataset_dict.json", "state.json", "readme", "readme.md", "readme.txt", "license", "license.txt", "license.md"}
)


def describing(folder: str) -> tuple[str, ...]:
    """The tables that describe the images in a folder, as on Hugging Face: `metadata.csv`, `.jsonl` or `.parquet` with
    a column `file_name`, in the folder or in folders right below it."""
    with suppress(OSError):
        own = _metadata(folder)
        if own:
            return own
        with os.scandir(folder) as entries:
            inner = [entry.path for entry in islice(entries, LOOKED_AT) if entry.is_dir()]
        if len(inner) <= SPLITS:
            return tuple(path for split in sorted(inner) for path in _metadata(split))
    return ()


def _metadata(folder: str) -> tuple[str, ...]:
    names = [f"{folder}/metadata{suffix}" for suffix in (".csv", ".jsonl", ".parquet")]
    return tuple(path for path in names if os.path.isfile(path) and _describes(path))


def _describes(path: str) -> bool:
    """Whether a table names files. One that cannot be read now may do so: without it, its images would lose their
    metadata. Raises MissingExtra, SourceUnavailable."""
    try:
        return any(column.name.lower() == "file_name" for column in open_table(TableFile(path)).columns)
    except TableBroken:
        return True


def tables_only(folder: str, parts: Iterable[str]) -> tuple[str, ...]:
    """The tables below a folder that match, in the order of their names; none if other files match too."""
    found: list[str] = []
    for item in Walker(USUAL).walk(folder, Pattern(tuple(parts))):
        if isinstance(item, Unlisted):
            return ()
        inside, name = item
        if format_of(name) is not None:
            found.append(f"{inside}/{name}")
        elif not is_beside_tables(name):
            return ()
    return tuple(sorted(found))


def is_beside_tables(name: str) -> bool:
    """Whether programs write a file of this name beside tables."""
    return name.lower() in _BESIDE or name.lower().endswith("_stats.json")

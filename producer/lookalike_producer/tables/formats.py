"""Which files are tables, by their names."""

import os
from enum import StrEnum


class Format(StrEnum):
    """How a table is written."""

    DELIMITED = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    ARROW = "arrow"


_SUFFIXES = {
    ".csv": Format.DELIMITED,
    ".tsv": Format.DELIMITED,
    ".tab": Format.DELIMITED,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".arrow": Format.ARROW,
    ".arrows": Format.ARROW,
    ".feather": Format.ARROW,
    ".ipc": Format.ARROW,
}
_TEXTS = (Format.DELIMITED, Format.JSON_LINES)
#: Of text tables; they are recognized by their content.
COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz")


def format_of(name: str) -> Format | None:
    """The format that a file name promises; None for a file that is no table."""
    stem, suffix = os.path.splitext(name.lower())
    if suffix in COMPRESSIONS:
        inner = _SUFFIXES.get(os.path.splitext(stem)[1])
        return inner if inner in _TEXTS else None
    return _SUFFIXES.get(suffix)

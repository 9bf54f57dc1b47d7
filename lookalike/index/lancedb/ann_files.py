"""The files of a table's ANN index, looked at before LanceDB opens them.

LanceDB believes what the end of a file says: a damaged one made it ask for 60 GB of memory, which ends the process.
"""

import os
import struct
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from lookalike.index.lancedb.manifest import index_section
from lookalike.index.lancedb.power_cut import INDICES, MAGIC, newest_manifest

#: Where the columns' metadata, its table and the table of the buffers begin; how many buffers and columns there are;
#: the version of the format, and MAGIC (https://lance.org/format/file/).
FOOTER = struct.Struct("<QQQIIHH4s")
#: Of both tables: where something begins, and its length.
ENTRY = struct.Struct("<QQ")
KIND = ".idx"


class AnnFiles:
    """Those of one table. Remembers which folders were in order: the files of one never change, a new ANN index has a
    new folder."""

    def __init__(self, table_folder: Path) -> None:
        self._table_folder = table_folder
        self._in_order: frozenset[str] = frozenset()

    def are_damaged(self) -> bool:
        """Whether the ANN index that the table has now has a file that LanceDB must not open."""
        new = set(filter(_is_id, _names(self._table_folder / INDICES) - self._in_order))
        damaged = {name for name in new if not _is_in_order(self._table_folder / INDICES / name)}
        self._in_order |= new - damaged
        return bool(damaged) and _has_one(self._table_folder, damaged)


def is_sound(path: Path) -> bool:
    """Whether all that the end of a file points to is inside it, without a gap."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - FOOTER.size))
        end = file.read()
        if len(end) < FOOTER.size:
            return False
        columns_at, column_table, buffer_table, buffers, columns, _, _, magic = FOOTER.unpack(end)
        tables_end = size - FOOTER.size
        are_exact = (buffer_table, tables_end) == (
            column_table + columns * ENTRY.size,
            buffer_table + buffers * ENTRY.size,
        )
        if magic != MAGIC or not are_exact:
            return False
        file.seek(column_table)
        entries = list(ENTRY.iter_unpack(file.read(tables_end - column_table)))
    is_inside = all(start + length <= columns_at for start, length in entries[columns:])
    return is_inside and _are_one_after_the_other(entries[:columns], columns_at, column_table)


def _are_one_after_the_other(entries: Iterable[tuple[int, ...]], start: int, end: int) -> bool:
    for position, length in entries:
        if position != start:
            return False
        start += length
    return start == end


def _is_in_order(folder: Path) -> bool:
    """False as well for a folder without files, which are still to come, and for a file that is removed meanwhile."""
    files = _names(folder)
    try:
        return bool(files) and all(is_sound(folder / name) for name in files if name.endswith(KIND))
    except FileNotFoundError:
        return False


def _is_id(name: str) -> bool:
    """LanceDB names the folders of indexes so."""
    try:
        return bool(UUID(name))
    except ValueError:
        return False


def _has_one(table_folder: Path, names: Iterable[str]) -> bool:
    """Whether the newest version of the table names one of these: others are removed later, or are being built."""
    section = index_section(newest_manifest(table_folder))
    return any(UUID(name).bytes in section for name in names)


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except FileNotFoundError:
        return set()

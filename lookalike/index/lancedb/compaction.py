"""Fragments of a table: how many it may have, and compactions, which merge them."""

import logging
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from lookalike.errors import IndexUnavailable
from lookalike.index.lancedb import ann
from lookalike.index.lancedb.ann_files import AnnFiles
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.power_cut import durable

logger = logging.getLogger(__name__)

#: A search that began before a compaction still finds its files for this long.
KEEP_OLD_FILES = timedelta(seconds=60)
#: Compaction without deletion.
NEVER = timedelta(days=36_500)
#: Each write adds a fragment, and each fragment takes 0.2 ms of CPU time of every look-up, and 0.55 ms of every write,
#: until a compaction, which rewrites the table: 6 ms for 1,000 rows. So a small table has fewer.
FEWEST_FRAGMENTS, MOST_FRAGMENTS = 16, 64
#: The table may have one more fragment for this many rows, below and above MOST_FRAGMENTS.
ROWS_PER_FRAGMENT_BELOW, ROWS_PER_FRAGMENT = 1_000, 20_000


def most_fragments(rows_held: int) -> int:
    """How many fragments a table with so many rows may have while a load writes to it."""
    return min(FEWEST_FRAGMENTS + rows_held // ROWS_PER_FRAGMENT_BELOW, MOST_FRAGMENTS + rows_held // ROWS_PER_FRAGMENT)


def last_fragments(table: Any) -> int:
    """How many fragments the end of a load leaves. A few rows wait for the ANN index: each time that it takes rows in,
    it gets one more segment."""
    found = ann.state(table)
    if found is None:
        return 1
    return 0 if found.waiting > ann.MOST_WAITING else most_fragments(table.count_rows())


def compact(table: Any, catalog: Catalog, most_fragments: int, keep: timedelta = KEEP_OLD_FILES) -> None:
    """Merge the fragments if there are more than `most_fragments`, take all rows into the ANN index if there is one,
    and delete the files of table versions that are older than `keep`. While that index is being built, do nothing.

    Call with the lock of the folder held."""
    if fragments(table) <= most_fragments or mergeable(table) <= most_fragments:
        return
    with suppress(IndexUnavailable), catalog.building(table.name, 0):
        if AnnFiles(Path(table.uri)).are_damaged():
            _drop_ann(table, "its files are damaged")
        try:
            _compact(table, keep)
        except Exception as error:
            if not ann.is_damage(error, table):
                raise
            _drop_ann(table, error)
            _compact(table, keep)


def _drop_ann(table: Any, why: object) -> None:
    logger.warning("%s: its ANN index is removed, because it cannot be extended: %s", table.name, why)
    ann.drop(table)


def _compact(table: Any, keep: timedelta) -> None:
    with durable(Path(table.uri)):
        table.optimize(cleanup_older_than=NEVER)
    # Only now are the new files on the disk.
    with durable(Path(table.uri)):
        table.optimize(cleanup_older_than=keep)


def mergeable(table: Any) -> int:
    """The number of fragments less those that only another ANN index could merge: rows of different segments of it
    are in different fragments."""
    now = ann.state(table)
    return fragments(table) - (now.segments if now and now.waiting else now.segments - 1 if now else 0)


def fragments(table: Any) -> int:
    """The number of the table's fragments: every write adds one."""
    return int(table.stats()["fragment_stats"]["num_fragments"])

"""The approximate-nearest-neighbour (ANN) index of a table's vectors: when it is due, and its parameters.

It is LanceDB's IVF_SQ: the vectors as one byte for each number, in partitions around the means of a k-means clustering.
It holds the rows that it was built from, and those that later compactions took in, each time as one more segment.
LanceDB compares all other rows one by one and leaves out rows that were deleted or replaced, so that answers are
complete. The candidates are compared by their whole vectors, so that scores are exact.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.errors import IndexConflict, IndexMissing
from lookalike.index.lancedb.ann_files import AnnFiles
from lookalike.index.lancedb.errors import is_failure, translate
from lookalike.index.lancedb.lean_lancedb import IvfSq
from lookalike.index.lancedb.power_cut import INDICES, durable
from lookalike.records import Metric

COLUMN = "image_embedding"
#: LanceDB's own name for the index of this column.
NAME = "image_embedding_idx"
#: Rows of a partition, on average.
PARTITION_ROWS = 2048
#: Partitions that a search visits: those whose mean is nearest.
PARTITIONS = 10
#: Under a filter, which may leave nothing in the nearest ones.
ALL_PARTITIONS = 100_000
#: A search compares this many times k candidates by their whole vectors.
REFINE_FACTOR = 4
#: Rows that are compared one by one until an end of a load takes them in: about 3 ms of a search.
MOST_WAITING = 5_000
#: A search visits each segment.
MOST_SEGMENTS = 16
#: What LanceDB's errors about damaged files are taken for.
DAMAGE = (IndexConflict, IndexMissing)


@dataclass(frozen=True)
class State:
    """How many rows an ANN index holds, in how many segments, and how many rows it does not hold yet."""

    rows: int
    waiting: int
    segments: int


def state(table: Any) -> State | None:
    """None if the table has no ANN index."""
    index = _found(table)
    return State(index.num_indexed_rows, index.num_unindexed_rows, index.num_segments) if index else None


def is_damage(error: Exception, table: Any) -> bool:
    """Whether the ANN index may be to blame for this error of LanceDB."""
    if not is_failure(error) or not isinstance(translate(error, Path(table.uri), table.name), DAMAGE):
        return False
    return state(table) is not None


def is_due(table: Any, least_rows: int) -> bool:
    """Whether to build it: for the first time, or anew because it is damaged, has too many segments, or because most
    rows came later than its partitions. `least_rows`: fewer are searched exactly."""
    rows = table.count_rows()
    if rows < max(1, least_rows):
        return False
    index = _found(table)
    if index is None or index.num_segments > MOST_SEGMENTS or AnnFiles(Path(table.uri)).are_damaged():
        return True
    built_from = _built_from(table, index)
    return built_from is None or rows - built_from > max(MOST_WAITING, built_from)


def _found(table: Any) -> Any:
    return next((index for index in table.list_indices() if index.name == NAME), None)


def _built_from(table: Any, index: Any) -> int | None:
    """About how many rows it was built from: the share of its first segment. None if that is gone."""
    files = list((Path(table.uri) / INDICES / index.index_uuid).glob("*"))
    if not files:
        return None
    share: float = sum(path.stat().st_size for path in files) / max(1, index.size_bytes or 0)
    return round(min(1.0, share) * int(index.num_indexed_rows))


def build(table: Any, metric: Metric) -> None:
    """Build it from all rows, in place of an existing one. Searches and writes go on meanwhile; call with the lock for
    building held, so that no compaction replaces the rows."""
    with durable(Path(table.uri)):
        table.create_index(
            COLUMN,
            config=IvfSq(distance_type=str(metric), target_partition_size=PARTITION_ROWS),
            name=NAME,
            replace=True,
        )


def drop(table: Any) -> None:
    """Remove it, whatever the state of its files: searches compare every vector again. Call with the lock held."""
    with durable(Path(table.uri)):
        table.drop_index(NAME)

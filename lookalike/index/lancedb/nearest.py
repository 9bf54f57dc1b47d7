"""Searches for the rows with the nearest vectors: by the ANN index of the table if it has one, or exactly."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lookalike.index.lancedb import ann
from lookalike.records import Metric, Vector

logger = logging.getLogger(__name__)

#: A damaged ANN index is tried again after this time: it may have been built anew.
PASSED_OVER_S = 60.0
ADVICE = "`lookalike index optimize` builds it anew"

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Nearest:
    """The wanted columns of the k rows nearest to a vector that meet a condition of SQL (empty: none)."""

    vector: Vector
    k: int
    metric: Metric
    condition: str
    wanted: Sequence[str]

    def query(self, table: Any) -> Any:
        query = table.search(self.vector, vector_column_name=ann.COLUMN).distance_type(str(self.metric))
        if self.condition:
            query = query.where(self.condition, prefilter=True)
        return query.select(list(self.wanted)).limit(self.k)


class Searches:
    """Searches of one index. Remembers which ANN indexes are damaged. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: Until when the ANN index of a table is passed over.
        self._passed_over: dict[str, float] = {}

    def __call__(self, table: Any, asked: Nearest, *, exact: bool) -> Rows:
        """The rows, best first; exactly if the ANN index is damaged, or finds fewer than there are."""
        if exact or self._clock() < self._passed_over.get(table.name, -math.inf):
            return _exactly(table, asked)
        try:
            found = _approximately(table, asked)
        except Exception as error:
            if not ann.is_damage(error, table):
                raise
            found = _exactly(table, asked)
            self._passed_over[table.name] = self._clock() + PASSED_OVER_S
            logger.warning("%s: its ANN index is damaged, searching exactly (%s): %s", table.name, ADVICE, error)
            return found
        # Counting is faster than comparing.
        are_all = len(found) == asked.k or len(found) == table.count_rows(asked.condition or None)
        return found if are_all else _exactly(table, asked)


def _approximately(table: Any, asked: Nearest) -> Rows:
    """By the ANN index; exactly if there is none."""
    partitions = ann.ALL_PARTITIONS if asked.condition else ann.PARTITIONS
    return _rows(asked.query(table).nprobes(partitions).refine_factor(ann.REFINE_FACTOR))


def _exactly(table: Any, asked: Nearest) -> Rows:
    return _rows(asked.query(table).bypass_vector_index())


def _rows(query: Any) -> Rows:
    # In batches and with row numbers: else LanceDB looks three times for columns that we do not have, and each look at
    # the schema reads the newest version of the table.
    found: Rows = query.with_row_id(True).to_batches().read_all().to_pylist()
    return found

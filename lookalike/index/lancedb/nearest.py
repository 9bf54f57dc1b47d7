"""A query for the rows with the nearest vectors, in LanceDB's asynchronous interface."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lookalike.index.lancedb import ann
from lookalike.records import Metric, Vector

Rows = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Nearest:
    """The wanted columns of the k rows nearest to a vector that meet a condition of SQL (empty: none), best first."""

    vector: Vector
    k: int
    metric: Metric
    condition: str
    wanted: Sequence[str]

    async def found(self, table: Any) -> Rows:
        """By the ANN index if there is one; exactly if that finds fewer than there are."""
        found = await self.approximately(table)
        # Counting is faster than comparing.
        are_all = len(found) == self.k or len(found) == await table.count_rows(self.condition or None)
        return found if are_all else await self.exactly(table)

    async def approximately(self, table: Any) -> Rows:
        partitions = ann.ALL_PARTITIONS if self.condition else ann.PARTITIONS
        return await _rows(self._query(table).nprobes(partitions).refine_factor(ann.REFINE_FACTOR))

    async def exactly(self, table: Any) -> Rows:
        return await _rows(self._query(table).bypass_vector_index())

    def _query(self, table: Any) -> Any:
        query = table.query().nearest_to(self.vector).column(ann.COLUMN).distance_type(str(self.metric))
        if self.condition:
            # Before the comparison of vectors, which is LanceDB's default.
            query = query.where(self.condition)
        return query.select(list(self.wanted)).limit(self.k)


async def _rows(query: Any) -> Rows:
    batches = await (await query.to_batches()).read_all()
    return [row for batch in batches for row in batch.to_pylist()]

"""Searches of one index.

They go through LanceDB's asynchronous interface, in the event loop that LanceDB runs for its synchronous one: a search
is one task of that loop. The synchronous interface changes threads for each step, and looks for the newest version of
the table each time.
"""

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lookalike.index.base import VectorQuery
from lookalike.index.checks import check_query
from lookalike.index.lancedb import ann, filtering, rows
from lookalike.index.lancedb.ann_files import AnnFiles
from lookalike.index.lancedb.errors import is_missing
from lookalike.index.lancedb.lean_lancedb import LOOP
from lookalike.index.lancedb.nearest import Nearest
from lookalike.index.lancedb.tables import connect, open_for_searches
from lookalike.records import Match

logger = logging.getLogger(__name__)

#: A damaged ANN index is tried again after this time: it may have been built anew.
PASSED_OVER_S = 60.0
ADVICE = "the end of the next ingest builds it anew, `lookalike index optimize` at once"


class Search:
    """Searches the versions of one index. Remembers which ANN indexes are damaged. Safe to share between threads."""

    def __init__(self, folder: Path, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._name = name
        self._clock = clock
        #: The version that was searched last, and its table.
        self._opened: tuple[str, Any] | None = None
        self._files: dict[str, AnnFiles] = {}
        #: Until when the ANN index of a version is passed over.
        self._passed_over: dict[str, float] = {}

    def __call__(self, version: str, query: VectorQuery) -> list[Match]:
        """See `Index.search`; exactly if the ANN index is damaged."""
        try:
            return self._searched(version, query)
        except Exception as error:
            if not is_missing(error, self._folder, version):
                raise
        # Another folder in the place of this one, such as a new one after its removal, may have a table of a lower
        # version: LanceDB goes back to none.
        self._opened = None
        return self._searched(version, query)

    def close(self) -> None:
        self._opened = None

    def _searched(self, version: str, query: VectorQuery) -> list[Match]:
        if query.exact or self._is_passed_over(version):
            return self._matches(version, query, exact=True)
        try:
            return self._matches(version, query, exact=False)
        except Exception as error:
            if not ann.is_damage(error, connect(self._folder).open_table(version)):
                raise
            found = self._matches(version, query, exact=True)
            self._pass_over(version, error)
            return found

    def _is_passed_over(self, version: str) -> bool:
        if self._clock() < self._passed_over.get(version, -math.inf):
            return True
        files = self._files.setdefault(version, AnnFiles(self._folder / f"{version}.lance"))
        if not files.are_damaged():
            return False
        self._pass_over(version, "one of its files does not end as it should")
        return True

    def _pass_over(self, version: str, why: object) -> None:
        self._passed_over[version] = self._clock() + PASSED_OVER_S
        logger.warning("%s: its ANN index is damaged, searching exactly (%s): %s", version, ADVICE, why)

    def _matches(self, version: str, query: VectorQuery, *, exact: bool) -> list[Match]:
        matches: list[Match] = LOOP.run(self._found(version, query, exact=exact))
        return matches

    async def _found(self, version: str, query: VectorQuery, *, exact: bool) -> list[Match]:
        table = await self._newest(version)
        schema = await table.schema()
        model = rows.model_of(schema)
        check_query(query.vector, model, self._name, query.fingerprint)
        condition = filtering.condition(schema, query.filters, self._name)
        nearest = Nearest(query.vector, query.k, model.metric, condition, rows.wanted(schema, rows.MATCH_FIELDS))
        found = await (nearest.exactly(table) if exact else nearest.found(table))
        return [rows.to_match(row, model.metric) for row in found]

    async def _newest(self, version: str) -> Any:
        """The table as it is now."""
        opened = self._opened
        if opened is None or opened[0] != version:
            opened = self._opened = version, await open_for_searches(self._folder, version)
        await opened[1].checkout_latest()
        return opened[1]

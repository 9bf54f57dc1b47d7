"""Filters as a condition of SQL for one table."""

from typing import Any

from lookalike.filters import Filters
from lookalike.index.bound import bind
from lookalike.index.checks import check_filters
from lookalike.index.lancedb import columns, sql
from lookalike.index.places import TAKEN_AT_MS


def condition(schema: Any, filters: Filters | None, index: str) -> str:
    """The condition for the rows that meet the filters; "" if there are none. Raises BadFilter."""
    has_texts = columns.TEXTS in schema.names
    bound = bind(check_filters(filters), columns.fields_of(schema), index, has_texts=has_texts)
    return sql.matching(bound, has_texts=has_texts, has_taken=TAKEN_AT_MS in schema.names)

"""Counts the filtered set of a search while it runs."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial

from lookalike.http_schemas import SearchResult
from lookalike.index.facets import facets
from lookalike_api.search import Query
from lookalike_api.state import ServiceState


async def with_facets(state: ServiceState, query: Query, answer: Awaitable[SearchResult]) -> SearchResult:
    """The answer, with the facets that the query asks for. Raises BadFilter for an unknown field, and what the search
    raises."""
    if query.facets is None:
        return await answer
    counted = partial(facets, state.index, query.facets, filters=query.filters)
    counting = asyncio.ensure_future(state.executors.index.run(counted))
    # Of a search that fails, nobody asks for the counts.
    counting.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        return replace(await answer, facets=await counting)
    finally:
        counting.cancel()


def names_of(text: str | None) -> tuple[str, ...] | None:
    """The names of fields between commas."""
    return None if text is None else tuple(name.strip() for name in text.split(","))

"""Answers a search by examples: its vector, its page of matches, and the cursor after it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np

from lookalike.errors import ImageRejected
from lookalike.http_schemas import SearchResult, Timings
from lookalike.queries.cursor import Cursor, checksum, cursor_after, parse_cursor
from lookalike.queries.examples import Example, Stored, Upload, ids_of, is_decoded, texts_of
from lookalike.queries.pages import Page
from lookalike.records import Frame, Match, Pixels
from lookalike_api.async_search import Stopwatch
from lookalike_api.mixture import Ingredients, vector_of
from lookalike_api.originals import find, read_original
from lookalike_api.search import Query, numbered
from lookalike_api.state import ServiceState

#: In place of the cursor of a page before the first one.
FIRST = "*"


async def answer(state: ServiceState, examples: Sequence[Example], query: Query, watch: Stopwatch) -> SearchResult:
    """The matches. Raises BadQuery, and what the searcher raises."""
    is_paged = query.cursor is not None
    version, search = (await state.search.version(watch), checksum_of(examples, query)) if is_paged else ("", 0)
    cursor = _given(query.cursor, version, search)
    query = replace(query, paging=replace(query.paging, cursor=cursor, is_paged=is_paged))
    page, model = await state.search.following(
        partial(_like, state, examples, query, watch),
        by_image=any(map(is_decoded, examples)),
        by_text=bool(texts_of(examples)),
    )
    following = None
    if query.paging.is_paged and not page.is_last:
        following = str(cursor_after(page.matches[-1], page.seen, query.paging.order, version, search))
    return SearchResult(in_range(page.matches), Timings(**watch.stop()), model, page.candidates, following)


def checksum_of(examples: Sequence[Example], query: Query) -> int:
    """Of all that decides which matches there are, and their order."""
    paging = query.paging
    options = (paging.min_score, paging.leave_out and sorted(paging.leave_out), str(paging.order), paging.group_by)
    parts = chain.from_iterable(map(_parts, examples))
    return checksum(*parts, *options, query.filters, query.exact, query.diversity)


def _parts(example: Example) -> tuple[object, ...]:
    """Of an image its bytes as they are: as a text, they would be several times as long."""
    return (example.data, example.weight, example.region) if isinstance(example, Upload) else (example,)


def _given(cursor: str | None, version: str, search: int) -> Cursor | None:
    if cursor is None or cursor == FIRST:
        return None
    found = parse_cursor(cursor)
    found.check(version, search)
    return found


async def _like(state: ServiceState, examples: Sequence[Example], query: Query, watch: Stopwatch) -> tuple[Page, str]:
    """The page, and the name of the model."""
    search = state.search
    whole = [example for example in examples if not is_decoded(example)]
    documents = {id: await search.document(id, watch) for id in ids_of(whole)}
    if len(examples) == len(documents) == 1:
        (document,) = documents.values()
        page = await search.nearest(document.image_embedding, query, document.model, watch)
        return page, (await search.model_of(document.model, watch)).name
    frame, texts = search.frame, texts_of(examples)
    pixels = await _decoded(state, examples, frame, watch)
    parts = Ingredients(
        documents,
        await search.embed(np.stack(pixels), frame, watch) if pixels else None,
        await search.embed_texts(texts, watch) if texts else None,
    )
    model = parts.model(state.index.name) or await search.indexed_model(watch)
    vector = vector_of(examples, parts, model, state.index.name)
    return await search.nearest(vector, query, model.fingerprint, watch), model.name


async def _decoded(state: ServiceState, examples: Sequence[Example], frame: Frame, watch: Stopwatch) -> list[Pixels]:
    """Of the uploads and regions. Raises ImageRejected, which says which of several examples it is."""
    decoded: list[Pixels] = []
    for number, example in enumerate(examples, 1):
        if is_decoded(example):
            try:
                # One after the other, so that the files of stored images are never in memory together.
                file = await _file(state, example)
                decoded.append(await state.search.decode(file, frame, watch, example.region))
            except ImageRejected as rejected:
                raise numbered(rejected, number, len(examples)) from rejected
    return decoded


async def _file(state: ServiceState, example: Upload | Stored) -> bytes:
    if isinstance(example, Upload):
        return example.data
    data, _ = await read_original(state, await find(state, example.id))
    return data


def in_range(matches: Iterable[Match]) -> tuple[Match, ...]:
    """The matches with scores in [-1, 1]: rounding in the index may exceed that range slightly."""
    return tuple(match if -1.0 <= match.score <= 1.0 else _clamped(match) for match in matches)


def _clamped(match: Match) -> Match:
    return replace(match, score=max(-1.0, min(1.0, match.score)))

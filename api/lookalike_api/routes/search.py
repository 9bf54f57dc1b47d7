"""Searches by an image, by a stored image, and by several images."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi import Query as Parameter
from starlette.exceptions import HTTPException

from lookalike.errors import ImageRejected, NotIndexed
from lookalike.http_schemas import BatchAnswer, Failure, Matches, SearchResult, Timings
from lookalike.queries.examples import Example, Stored, Upload, ids_of
from lookalike.records import Match, Pixels, document_id
from lookalike_api.async_search import Stopwatch
from lookalike_api.images import ID
from lookalike_api.mixture import vector_of
from lookalike_api.openapi import problems
from lookalike_api.originals import find, read_original
from lookalike_api.problems import problem_of
from lookalike_api.routes.params import FILTERING, QueryParams
from lookalike_api.routes.query_body import MAX_URI_LENGTH, QueryBody, examples_of, parse_body
from lookalike_api.search import Query, mean_of, numbered
from lookalike_api.state import ServiceState, State
from lookalike_api.uploads import Body

router = APIRouter(tags=["search"])

MAX_IMAGES = 32
NO_VECTORS = np.empty((0, 0), np.float32)

SearchQuery = Annotated[Query, Depends(QueryParams())]

_BINARY = {"type": "string", "format": "binary"}
_SEVERAL = {"type": "array", "items": _BINARY, "minItems": 1, "maxItems": MAX_IMAGES}
_FORM = {"type": "object", "properties": {"image": _SEVERAL, "query": {"type": "string"}}}
_MANY = {"type": "object", "required": ["image"], "properties": {"image": _SEVERAL}}


def _body(**kinds: dict[str, Any]) -> dict[str, Any]:
    content = {kind.replace("__", "/").replace("_", "-"): {"schema": schema} for kind, schema in kinds.items()}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/search",
    summary="Search by an image, or by several examples",
    response_model=SearchResult,
    responses=problems(400, 404, 408, 413, 415, 422, 503),
    openapi_extra=_body(
        application__octet_stream=_BINARY, application__json=QueryBody.model_json_schema(), multipart__form_data=_FORM
    ),
    description="The body is the image, of any content type but application/json, or a form with one part `image`. Or "
    "it is a query in JSON, or a form with one as its part `query` and the images that it names: a query has examples "
    f"of what is wanted and of what is not, and its own options. {FILTERING}",
)
async def search_by_image(request: Request, state: State, query: SearchQuery) -> SearchResult:
    state.searches.check()
    async with state.uploads.body(request, MAX_IMAGES) as body:
        # Counted and timed from here: a slow upload must not take the place of a search.
        watch = Stopwatch(state.metrics.observe)
        examples, query = _asked(body, query, request, state.index.name)
        with state.searches.acquire():
            async with asyncio.timeout(state.search_timeout_s):
                return await _searched(state, examples, query, watch)


def _asked(body: Body, query: Query, request: Request, index: str) -> tuple[list[Example], Query]:
    """The examples and the options of a request. Raises what `parse_body` and `examples_of` raise."""
    if body.query is None:
        if len(body.images) != 1:
            raise HTTPException(400, "Send one part named image, or a part named query that says what the images are.")
        return [Upload(body.images[0])], query
    if request.query_params:
        raise HTTPException(400, "The options of a query in JSON are members of it, and no parameters.")
    asked = parse_body(body.query)
    examples = examples_of(asked, body.images, index)
    return examples, replace(asked.query(), leave_out=ids_of(examples))


async def _searched(state: ServiceState, examples: list[Example], query: Query, watch: Stopwatch) -> SearchResult:
    examples = [await _with_region(state, example) for example in examples]
    by_image = any(isinstance(example, Upload) for example in examples)
    ask = partial(_like, state, examples, query, watch)
    return _answer(await state.search.following(ask, by_image=by_image), watch)


async def _with_region(state: ServiceState, example: Example) -> Example:
    """A region of a stored image as an upload of that image."""
    if isinstance(example, Upload) or example.region is None:
        return example
    data, _ = await read_original(state, await find(state, example.id))
    return Upload(data, example.weight, example.region)


async def _like(state: ServiceState, examples: list[Example], query: Query, watch: Stopwatch) -> list[Match]:
    documents = {id: await state.search.document(id, watch) for id in ids_of(examples)}
    if len(examples) == len(documents) == 1:
        (document,) = documents.values()
        return await state.search.nearest(document.image_embedding, query, document.model, watch)
    pixels = await _decode_uploads(state, examples, watch)
    if pixels:
        vectors, model = await state.search.embed(np.stack(pixels), watch)
    else:
        vectors, model = NO_VECTORS, await state.search.indexed_model(watch)
    vector = vector_of(examples, documents, vectors, model, state.index.name)
    return await state.search.nearest(vector, query, model.fingerprint, watch)


@router.get(
    "/search",
    summary="Search by a stored image",
    response_model=SearchResult,
    responses=problems(400, 404, 503),
    description=f"The neighbours of a stored image, given by exactly one of `id` and `uri`. {FILTERING}",
)
async def search_by_stored(
    state: State,
    query: Annotated[Query, Depends(QueryParams("id", "uri", "include_self"))],
    id: Annotated[str | None, Parameter(max_length=100, description="The id of the stored image.")] = None,
    uri: Annotated[str | None, Parameter(max_length=MAX_URI_LENGTH, description="Its uri.")] = None,
    include_self: Annotated[bool, Parameter(description="Whether the image may match itself.")] = False,
) -> SearchResult:
    watch = Stopwatch(state.metrics.observe)
    if (id is None) == (uri is None):
        raise HTTPException(400, "Give exactly one of id and uri.")
    image_id = id if id is not None else document_id(uri or "")
    if not ID.fullmatch(image_id):
        raise NotIndexed(image_id, state.index.name)
    with state.searches.acquire():
        async with asyncio.timeout(state.search_timeout_s):
            leave_out = frozenset() if include_self else frozenset([image_id])
            return await _searched(state, [Stored(image_id)], replace(query, leave_out=leave_out), watch)


@router.post(
    "/search/batch",
    summary="Search by several images",
    response_model=BatchAnswer | SearchResult,
    responses=problems(400, 408, 413, 415, 422, 503),
    openapi_extra=_body(multipart__form_data=_MANY),
    description="Several images, each a part `image` of a form. Mode `each` runs one search for each image, and "
    f"returns a problem in place of a rejected one. Mode `mean` runs one search with the mean of all. {FILTERING}",
)
async def search_by_images(
    request: Request,
    state: State,
    query: Annotated[Query, Depends(QueryParams("mode"))],
    mode: Annotated[Literal["each", "mean"], Parameter(description="One search per image, or one in all.")] = "each",
) -> BatchAnswer | SearchResult:
    state.searches.check()
    async with state.uploads.images(request, MAX_IMAGES) as images:
        watch = Stopwatch(state.metrics.observe)
        with state.searches.acquire():
            async with asyncio.timeout(state.search_timeout_s):
                if mode == "mean":
                    like_all = partial(_like_all, state, images, query, watch)
                    return _answer(await state.search.following(like_all), watch)
                return await state.search.following(partial(_like_each, state, images, query, watch))


async def _like_all(state: ServiceState, images: list[bytes], query: Query, watch: Stopwatch) -> list[Match]:
    pixels = await _decode_uploads(state, [Upload(image) for image in images], watch)
    vectors, model = await state.search.embed(np.stack(pixels), watch)
    return await state.search.nearest(mean_of(vectors, model.metric), query, model.fingerprint, watch)


async def _like_each(state: ServiceState, images: list[bytes], query: Query, watch: Stopwatch) -> BatchAnswer:
    decoded = [await _decode(state, image, watch) for image in images]
    readable = [pixels for pixels in decoded if not isinstance(pixels, ImageRejected)]
    matches = iter(await _nearest_each(state, readable, query, watch))
    answers = (Failure(problem_of(item)) if isinstance(item, ImageRejected) else next(matches) for item in decoded)
    return BatchAnswer(tuple(answers), Timings(**watch.stop()))


async def _decode(state: ServiceState, image: bytes, watch: Stopwatch) -> Pixels | ImageRejected:
    try:
        return await state.search.decode(image, watch)
    except ImageRejected as rejected:
        return rejected


async def _decode_uploads(state: ServiceState, examples: Sequence[Example], watch: Stopwatch) -> list[Pixels]:
    """Raises ImageRejected, which says which of several examples it is."""
    decoded: list[Pixels] = []
    for number, example in enumerate(examples, 1):
        if isinstance(example, Upload):
            try:
                decoded.append(await state.search.decode(example.data, watch, example.region))
            except ImageRejected as rejected:
                raise numbered(rejected, number, len(examples)) from rejected
    return decoded


async def _nearest_each(state: ServiceState, pixels: list[Pixels], query: Query, watch: Stopwatch) -> list[Matches]:
    if not pixels:
        return []
    vectors, model = await state.search.embed(np.stack(pixels), watch)
    nearest = await state.search.nearest_each(vectors, query, model.fingerprint, watch)
    return [Matches(_in_range(matches)) for matches in nearest]


def _answer(matches: list[Match], watch: Stopwatch) -> SearchResult:
    return SearchResult(_in_range(matches), Timings(**watch.stop()))


def _in_range(matches: list[Match]) -> tuple[Match, ...]:
    """The matches with scores in [-1, 1]: rounding in the index may exceed that range slightly."""
    return tuple(match if -1.0 <= match.score <= 1.0 else _clamped(match) for match in matches)


def _clamped(match: Match) -> Match:
    return replace(match, score=max(-1.0, min(1.0, match.score)))

"""Searches by an image, by a stored image, and by several images."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi import Query as Parameter
from starlette.exceptions import HTTPException

from lookalike.errors import ImageRejected, NotIndexed
from lookalike.http_schemas import BatchAnswer, Failure, Matches, SearchResult, Timings
from lookalike.records import Match, Pixels, document_id
from lookalike_api.async_search import Stopwatch
from lookalike_api.images import ID
from lookalike_api.openapi import problems
from lookalike_api.problems import problem_of
from lookalike_api.routes.params import FILTERING, QueryParams
from lookalike_api.search import Query, mean_of
from lookalike_api.state import ServiceState, State

router = APIRouter(tags=["search"])

MAX_IMAGES = 32
MAX_URI_LENGTH = 8192

SearchQuery = Annotated[Query, Depends(QueryParams())]

_BINARY = {"type": "string", "format": "binary"}
_ONE = {"type": "object", "required": ["image"], "properties": {"image": _BINARY}}
_SEVERAL = {"type": "array", "items": _BINARY, "minItems": 1, "maxItems": MAX_IMAGES}
_MANY = {"type": "object", "required": ["image"], "properties": {"image": _SEVERAL}}


def _body(**kinds: dict[str, Any]) -> dict[str, Any]:
    content = {kind.replace("__", "/").replace("_", "-"): {"schema": schema} for kind, schema in kinds.items()}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/search",
    summary="Search by an image",
    response_model=SearchResult,
    responses=problems(400, 408, 413, 415, 422, 503),
    openapi_extra=_body(application__octet_stream=_BINARY, multipart__form_data=_ONE),
    description=f"The body is the image, of any content type, or a form with one part `image`. {FILTERING}",
)
async def search_by_image(request: Request, state: State, query: SearchQuery) -> SearchResult:
    state.searches.check()
    async with state.uploads.image(request) as data:
        # Counted and timed from here: a slow upload must not take the place of a search.
        watch = Stopwatch(state.metrics.observe)
        with state.searches.acquire():
            async with asyncio.timeout(state.search_timeout_s):
                ask = partial(_like_image, state, data, query, watch)
                return _answer(await state.search.following(ask), watch)


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
            ask = partial(_like_stored, state, image_id, query, watch, include_self)
            return _answer(await state.search.following(ask, by_image=False), watch)


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


async def _like_image(state: ServiceState, image: bytes, query: Query, watch: Stopwatch) -> list[Match]:
    pixels = await state.search.decode(image, watch)
    vectors, model = await state.search.embed(pixels[None], watch)
    return await state.search.nearest(vectors[0], query, model.fingerprint, watch)


async def _like_stored(state: ServiceState, id: str, query: Query, watch: Stopwatch, include_self: bool) -> list[Match]:
    document = await state.search.document(id, watch)
    if include_self:
        return await state.search.nearest(document.image_embedding, query, document.model, watch)
    return await state.search.neighbours(document, query, watch)


async def _like_all(state: ServiceState, images: list[bytes], query: Query, watch: Stopwatch) -> list[Match]:
    pixels = [await _decode_one_of(state, images, position, watch) for position in range(len(images))]
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


async def _decode_one_of(state: ServiceState, images: list[bytes], position: int, watch: Stopwatch) -> Pixels:
    """Raises ImageRejected, which says which of the images it is."""
    try:
        return await state.search.decode(images[position], watch)
    except ImageRejected as rejected:
        which = f"image {position + 1} of {len(images)}"
        raise ImageRejected(rejected.reason, f"{which}: {rejected.detail}" if rejected.detail else which) from rejected


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

"""Searches: by an image, by a stored one, by several at once."""

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi import Query as Parameter
from starlette.exceptions import HTTPException

from lookalike.errors import ImageRejected, NotStored
from lookalike.records import Match as StoredMatch
from lookalike.records import Pixels, document_id
from lookalike_api.async_search import Stopwatch
from lookalike_api.images import ID
from lookalike_api.problems import described
from lookalike_api.routes.params import FILTERING, Asking
from lookalike_api.schemas import Failed, Found, FoundEach, Match, Matches, Problem, Took, problems
from lookalike_api.search import Query, mean_of
from lookalike_api.state import Parts, Shared

router = APIRouter(tags=["search"])

MOST_IMAGES = 32
LONGEST_URI = 8192

_BINARY = {"type": "string", "format": "binary"}
_ONE = {"type": "object", "required": ["image"], "properties": {"image": _BINARY}}
_SEVERAL = {"type": "array", "items": _BINARY, "minItems": 1, "maxItems": MOST_IMAGES}
_MANY = {"type": "object", "required": ["image"], "properties": {"image": _SEVERAL}}


def _body(**kinds: dict[str, Any]) -> dict[str, Any]:
    content = {kind.replace("__", "/").replace("_", "-"): {"schema": schema} for kind, schema in kinds.items()}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/search",
    response_model=Found,
    responses=problems(400, 408, 413, 422, 503),
    openapi_extra=_body(application__octet_stream=_BINARY, multipart__form_data=_ONE),
    description=f"The body is the image, of any content type, or a form with one part `image`. {FILTERING}",
)
async def search_by_image(request: Request, parts: Shared, query: Annotated[Query, Depends(Asking())]) -> Found:
    parts.searches.knock()
    async with parts.uploads.image(request) as data:
        # Only now: a slow upload must not take the place of a search.
        watch = Stopwatch(parts.metrics.observe)
        with parts.searches.one():
            async with asyncio.timeout(parts.search_timeout_s):
                ask = partial(_like_image, parts, data, query, watch)
                return _found(await parts.stages.following(ask), watch)


@router.get(
    "/search",
    response_model=Found,
    responses=problems(400, 404, 503),
    description=f"Neighbours of a stored image: exactly one of `id` and `uri` says which. {FILTERING}",
)
async def search_by_stored(
    parts: Shared,
    query: Annotated[Query, Depends(Asking("id", "uri", "include_self"))],
    id: Annotated[str | None, Parameter(max_length=100)] = None,
    uri: Annotated[str | None, Parameter(max_length=LONGEST_URI)] = None,
    include_self: bool = False,
) -> Found:
    watch = Stopwatch(parts.metrics.observe)
    if (id is None) == (uri is None):
        raise HTTPException(400, "Say which image: either id or uri.")
    wanted = id if id is not None else document_id(uri or "")
    if not ID.fullmatch(wanted):
        raise NotStored(wanted, parts.index.name)
    with parts.searches.one():
        async with asyncio.timeout(parts.search_timeout_s):
            ask = partial(_like_stored, parts, wanted, query, watch, include_self)
            return _found(await parts.stages.following(ask, by_image=False), watch)


@router.post(
    "/search/batch",
    response_model=FoundEach | Found,
    responses=problems(400, 408, 413, 415, 422, 503),
    openapi_extra=_body(multipart__form_data=_MANY),
    description="Several images, each a part `image` of a form. `each` searches for every one and tells of those "
    f"that are rejected; `mean` searches once for what is like all of them. {FILTERING}",
)
async def search_by_images(
    request: Request,
    parts: Shared,
    query: Annotated[Query, Depends(Asking("mode"))],
    mode: Literal["each", "mean"] = "each",
) -> FoundEach | Found:
    parts.searches.knock()
    async with parts.uploads.images(request, MOST_IMAGES) as images:
        watch = Stopwatch(parts.metrics.observe)
        with parts.searches.one():
            async with asyncio.timeout(parts.search_timeout_s):
                if mode == "mean":
                    like_all = partial(_like_all, parts, images, query, watch)
                    return _found(await parts.stages.following(like_all), watch)
                return await parts.stages.following(partial(_like_each, parts, images, query, watch))


async def _like_image(parts: Parts, image: bytes, query: Query, watch: Stopwatch) -> list[StoredMatch]:
    pixels = await parts.stages.decode(image, watch)
    vectors, model = await parts.stages.embed(pixels[None], watch)
    return await parts.stages.near(vectors[0], query, model.fingerprint, watch)


async def _like_stored(parts: Parts, id: str, query: Query, watch: Stopwatch, include_self: bool) -> list[StoredMatch]:
    document = await parts.stages.stored(id, watch)
    if include_self:
        return await parts.stages.near(document.image_embedding, query, document.model, watch)
    return await parts.stages.near_stored(document, query, watch)


async def _like_all(parts: Parts, images: list[bytes], query: Query, watch: Stopwatch) -> list[StoredMatch]:
    pixels = [await parts.stages.decode(image, watch) for image in images]
    vectors, model = await parts.stages.embed(np.stack(pixels), watch)
    return await parts.stages.near(mean_of(vectors, model.metric), query, model.fingerprint, watch)


async def _like_each(parts: Parts, images: list[bytes], query: Query, watch: Stopwatch) -> FoundEach:
    decoded = [await _decoded(parts, image, watch) for image in images]
    readable = [pixels for pixels in decoded if not isinstance(pixels, ImageRejected)]
    matches = iter(await _near_each(parts, readable, query, watch))
    answers = [
        Failed(error=Problem.model_validate(described(item))) if isinstance(item, ImageRejected) else next(matches)
        for item in decoded
    ]
    return FoundEach(answers=answers, took_ms=Took(**watch.stop()))


async def _decoded(parts: Parts, image: bytes, watch: Stopwatch) -> Pixels | ImageRejected:
    try:
        return await parts.stages.decode(image, watch)
    except ImageRejected as rejected:
        return rejected


async def _near_each(parts: Parts, pixels: list[Pixels], query: Query, watch: Stopwatch) -> list[Matches]:
    if not pixels:
        return []
    vectors, model = await parts.stages.embed(np.stack(pixels), watch)
    return [Matches(matches=_plain(await parts.stages.near(one, query, model.fingerprint, watch))) for one in vectors]


def _found(matches: list[StoredMatch], watch: Stopwatch) -> Found:
    return Found(matches=_plain(matches), took_ms=Took(**watch.stop()))


def _plain(matches: list[StoredMatch]) -> list[Match]:
    return [Match.of(match) for match in matches]

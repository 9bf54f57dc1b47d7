"""Searches by an image, by a stored image, and by several images."""

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from fastapi import Query as Parameter
from starlette.exceptions import HTTPException

from lookalike.errors import ImageRejected, NotIndexed
from lookalike.http_schemas import BatchAnswer, Failure, Matches, SearchResult, Timings
from lookalike.queries.examples import MAX_LENGTH, Example, Stored, Upload, ids_of, parse_stored
from lookalike.queries.weights import check_weights
from lookalike.records import Frame, Pixels, document_id
from lookalike_api.async_search import Stopwatch, server_timing
from lookalike_api.example_search import answer, in_range
from lookalike_api.faceted import with_facets
from lookalike_api.images import ID
from lookalike_api.openapi import problems, timed
from lookalike_api.problems import problem_of
from lookalike_api.routes.params import FILTERING, QueryParams
from lookalike_api.routes.query_body import MAX_URI_LENGTH, QueryBody, examples_of, parse_body
from lookalike_api.search import Query
from lookalike_api.state import ServiceState, State
from lookalike_api.uploads import Body, is_json

router = APIRouter(tags=["search"])

MAX_IMAGES = 32
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
    responses=timed() | problems(400, 404, 408, 413, 415, 422, 503, 504),
    openapi_extra=_body(
        application__octet_stream=_BINARY, application__json=QueryBody.model_json_schema(), multipart__form_data=_FORM
    ),
    description="The body is the image, of any content type but application/json, or a form with one part `image`. Or "
    "it is a query in JSON, or a form with one as its part `query` and the images that it names: a query has examples "
    f"of what is wanted and of what is not, and its own options. {FILTERING}",
)
async def search_by_image(request: Request, response: Response, state: State, query: SearchQuery) -> SearchResult:
    return await _searched(request, response, state, query)


@router.post(
    "/search/examples",
    summary="Search by several examples",
    response_model=SearchResult,
    responses=timed() | problems(400, 404, 408, 413, 415, 422, 503, 504),
    openapi_extra=_body(application__json=QueryBody.model_json_schema()),
    description="As POST /search with a query in JSON, which is all that this path reads: a client that is generated "
    "from this document has a method for it. Images of one's own are members `data`, in base64.",
)
async def search_by_examples(request: Request, response: Response, state: State) -> SearchResult:
    if not is_json(request):
        raise HTTPException(415, "Send a query in JSON, as application/json; POST /search reads images and forms.")
    return await _searched(request, response, state, Query())


async def _searched(request: Request, response: Response, state: ServiceState, query: Query) -> SearchResult:
    state.searches.check()
    async with state.uploads.body(request, MAX_IMAGES) as body:
        # Counted and timed from here: a slow upload must not take the place of a search.
        watch = Stopwatch(state.metrics.observe)
        examples, query = _asked(body, query, request, state.index.name)
        with state.searches.acquire():
            async with asyncio.timeout(state.search_timeout_s):
                found = await with_facets(state, query, answer(state, examples, query, watch))
    response.headers.update(server_timing(found.took_ms))
    return found


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
    return examples, asked.query().without(ids_of(examples))


@router.get(
    "/search",
    summary="Search by stored images",
    response_model=SearchResult,
    responses=timed() | problems(400, 404, 422, 503, 504),
    description="The neighbours of a stored image, given by `id` or by `uri`, or of several, each an `example`: "
    "its id, with a weight before it (`-0.5:ID`, negative for what is not wanted) and a region behind it "
    f"(`ID@pct:0,0,50,50`, or `x,y,width,height` in pixels) if there are. {FILTERING}",
)
async def search_by_stored(
    response: Response,
    state: State,
    query: Annotated[Query, Depends(QueryParams("id", "uri", "example", "include_self"))],
    id: Annotated[str | None, Parameter(max_length=100, description="The id of the stored image.")] = None,
    uri: Annotated[str | None, Parameter(max_length=MAX_URI_LENGTH, description="The uri of the stored image.")] = None,
    example: Annotated[
        list[Annotated[str, Parameter(max_length=MAX_LENGTH)]] | None,
        Parameter(description="A stored image, as WEIGHT:ID@REGION; weight and region may be missing. Repeatable."),
    ] = None,
    include_self: Annotated[bool, Parameter(description="Whether the images may match themselves.")] = False,
) -> SearchResult:
    watch = Stopwatch(state.metrics.observe)
    examples = _stored(id, uri, example, state.index.name)
    with state.searches.acquire():
        async with asyncio.timeout(state.search_timeout_s):
            query = query if include_self else query.without(ids_of(examples))
            found = await with_facets(state, query, answer(state, examples, query, watch))
    response.headers.update(server_timing(found.took_ms))
    return found


def _stored(id: str | None, uri: str | None, texts: list[str] | None, index: str) -> list[Stored]:
    """The examples of a request without a body. Raises BadQuery, NotIndexed for an id that cannot be one,
    HTTPException 400."""
    if sum(given is not None for given in (id, uri, texts)) != 1:
        raise HTTPException(400, "Give exactly one of id, uri and example.")
    if texts is None:
        examples = [Stored(id if id is not None else document_id(uri or ""))]
    else:
        examples = [parse_stored(text) for text in texts]
        check_weights([example.weight for example in examples])
    for example in examples:
        if not ID.fullmatch(example.id):
            raise NotIndexed(example.id, index)
    return examples


@router.post(
    "/search/batch",
    summary="Search by several images",
    response_model=BatchAnswer | SearchResult,
    responses=timed() | problems(400, 408, 413, 415, 422, 503),
    openapi_extra=_body(multipart__form_data=_MANY),
    description="Several images, each a part `image` of a form. Mode `each` runs one search for each image, and "
    f"returns a problem in place of a rejected one. Mode `mean` runs one search with the mean of all. {FILTERING}",
)
async def search_by_images(
    request: Request,
    response: Response,
    state: State,
    query: Annotated[Query, Depends(QueryParams("mode"))],
    mode: Annotated[Literal["each", "mean"], Parameter(description="One search per image, or one in all.")] = "each",
) -> BatchAnswer | SearchResult:
    state.searches.check()
    async with state.uploads.images(request, MAX_IMAGES) as images:
        watch = Stopwatch(state.metrics.observe)
        with state.searches.acquire():
            async with asyncio.timeout(state.search_timeout_s):
                found = await _found_by(state, images, mode, query, watch)
    response.headers.update(server_timing(found.took_ms))
    return found


async def _found_by(
    state: ServiceState, images: list[bytes], mode: str, query: Query, watch: Stopwatch
) -> BatchAnswer | SearchResult:
    if mode == "mean":
        mean = [Upload(image) for image in images]
        return await with_facets(state, query, answer(state, mean, query, watch))
    if query.cursor is not None:
        raise HTTPException(400, "Each of several searches has pages of its own: give no cursor.")
    if query.facets is not None:
        raise HTTPException(400, "Several searches have no facets of their own: ask for /facets.")
    return await state.search.following(partial(_like_each, state, images, query, watch))


async def _like_each(state: ServiceState, images: list[bytes], query: Query, watch: Stopwatch) -> BatchAnswer:
    frame = state.search.frame
    decoded = [await _decode(state, image, frame, watch) for image in images]
    readable = [pixels for pixels in decoded if not isinstance(pixels, ImageRejected)]
    matches = iter(await _nearest_each(state, readable, frame, query, watch))
    answers = (Failure(problem_of(item)) if isinstance(item, ImageRejected) else next(matches) for item in decoded)
    return BatchAnswer(tuple(answers), Timings(**watch.stop()))


async def _decode(state: ServiceState, image: bytes, frame: Frame, watch: Stopwatch) -> Pixels | ImageRejected:
    try:
        return await state.search.decode(image, frame, watch)
    except ImageRejected as rejected:
        return rejected


async def _nearest_each(
    state: ServiceState, pixels: list[Pixels], frame: Frame, query: Query, watch: Stopwatch
) -> list[Matches]:
    if not pixels:
        return []
    vectors, model = await state.search.embed(np.stack(pixels), frame, watch)
    nearest = await state.search.nearest_each(vectors, query, model.fingerprint, watch)
    return [Matches(in_range(matches)) for matches in nearest]

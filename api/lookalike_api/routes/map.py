"""The map of the images: its points, their ids, and what a selection of them is."""

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, FailFast, Field
from starlette.exceptions import HTTPException

from lookalike.http_schemas import Selection
from lookalike.index import Index
from lookalike_api.etags import has_version
from lookalike_api.json_bodies import parsed
from lookalike_api.map_points import Packed
from lookalike_api.openapi import problems
from lookalike_api.state import ServiceState, State

router = APIRouter(tags=["map"])

MAX_IDS = 100_000
#: In Accept-Encoding (RFC 9110, section 12.5.3), unless a weight of zero forbids it.
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)

FieldName = Annotated[str, Query(max_length=100, description="`label`, `metadata.FIELD`, or FIELD alone.")]
IfNoneMatch = Annotated[str | None, Header(description="The ETag of an earlier answer.")]
AcceptEncoding = Annotated[str | None, Header(description="With `gzip`, the answer is compressed.")]

_BINARY = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    "description": "Numbers, little-endian.",
}
_NOT_MODIFIED = {"description": "The map has not changed."}


class IdList(BaseModel):
    """Ids of images."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    ids: Annotated[list[Annotated[str, Field(pattern="^[0-9a-f]{40}$")]], FailFast()] = Field(max_length=MAX_IDS)
    """The ids, each 40 hexadecimal digits."""


@router.get(
    "/map/points",
    summary="The points of the map",
    response_class=Response,
    responses={200: _BINARY, 304: _NOT_MODIFIED, **problems(400, 404, 503)},
)
async def points(
    state: State,
    field: FieldName = "label",
    if_none_match: IfNoneMatch = None,
    accept_encoding: AcceptEncoding = None,
) -> Response:
    """Every image on the map of the current version. First, as uint32, the length of the JSON that follows: `points`
    (N), `version`, `made_at`, `images` (of the points, those still in the index), `new` (images of the index that are
    not on the map), the `values` of the field and the `clusters` with their commonest values. Then float32 [N, 2] with
    the places, from 0 to 1; uint16 [N] with the number of the value of each image in `values`, or 65535 if it is not in
    the index any more, 65534 without a value, 65533 for a rarer one; uint16 [N] with the number of its cluster, or
    65535. Values of numbers and dates may be ranges. Labels and values are at most 10 seconds old."""
    return await _answer(state, partial(state.map.points, field), if_none_match, accept_encoding)


@router.get(
    "/map/ids",
    summary="The ids of the points",
    response_class=Response,
    responses={200: _BINARY, 304: _NOT_MODIFIED, **problems(400, 404, 503)},
)
async def ids(state: State, if_none_match: IfNoneMatch = None) -> Response:
    """The ids of all images on the map, 20 bytes each, in the order of the points. `ids` in the JSON of the points is
    the ETag of those that belong to them."""
    return await _answer(state, state.map.ids, if_none_match, None)


@router.post(
    "/map/list",
    summary="Uris and labels of images",
    response_model=Selection,
    responses=problems(400, 408, 413, 415, 503),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": IdList.model_json_schema()}}}
    },
)
async def listed(request: Request, state: State) -> Response:
    """What images are, given their ids: of a selection on the map, for example."""
    async with state.uploads.body(request, 0) as body:
        if body.query is None:
            raise HTTPException(415, "Send the ids as application/json.")
        wanted = parsed(IdList, body.query, "ids").ids
        data = await state.executors.index.run(partial(_list, state.index, wanted))
    return Response(data, media_type="application/json")


def _list(index: Index, ids: list[str]) -> bytes:
    """As JSON here, and not in the thread that answers all requests: there may be many."""
    found = index.addresses(ids)
    images = [{"id": id, "uri": found[id][0], "name": found[id][1]} for id in ids if id in found]
    return orjson.dumps({"images": images})


async def _answer(
    state: ServiceState, read: Callable[[], Packed], if_none_match: str | None, accept_encoding: str | None
) -> Response:
    """The bytes, compressed if the client takes that; or nothing if it has them."""
    packed = await state.executors.map.run(read)
    is_compressed = GZIP.search(accept_encoding or "") is not None
    tag = f'"{packed.tag}{"-gzip" * is_compressed}"'
    headers: dict[str, Any] = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if has_version(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    if is_compressed:
        headers["Content-Encoding"] = "gzip"
    data = await state.executors.map.run(lambda: packed.compressed) if is_compressed else packed.data
    return Response(data, media_type="application/octet-stream", headers=headers)

"""The stored images themselves, their thumbnails and their labels."""

import hashlib
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from lookalike import __version__
from lookalike_api.schemas import Info, Label, Labels, problems
from lookalike_api.state import Shared

router = APIRouter(tags=["pictures"])

MOST_LABELS = 1000
#: How long a browser shows an image without asking whether it changed.
FRESH = "private, max-age=600"

Id = Annotated[str, Path(max_length=100, description="As a search tells it.")]
Size = Annotated[int, Query(ge=32, le=1024, description="The longest side, in pixels; nothing is enlarged.")]
IfNoneMatch = Annotated[str | None, Header()]

_IMAGE = {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The image."}
_THUMBNAIL = {**_IMAGE, "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
_SAME = {"description": "It is the one that you have."}


@router.get("/images/{id}", response_class=Response, responses={200: _IMAGE, 304: _SAME, **problems(400, 404, 503)})
async def image(parts: Shared, id: Id, if_none_match: IfNoneMatch = None) -> Response:
    """The stored image, as its file is now."""
    with parts.downloads.one():
        data, media_type = await parts.lanes.images.run(partial(parts.stock.image, id))
        tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    if _has(if_none_match, tag):
        return _same(tag)
    return Response(data, media_type=media_type, headers={"ETag": tag, "Cache-Control": FRESH})


@router.get(
    "/images/{id}/thumbnail",
    response_class=Response,
    responses={200: _THUMBNAIL, 304: _SAME, **problems(400, 404, 503)},
)
async def thumbnail(parts: Shared, id: Id, size: Size = 256, if_none_match: IfNoneMatch = None) -> Response:
    """The stored image, small, upright and as a JPEG."""
    with parts.downloads.one():
        content = await parts.lanes.index.run(partial(parts.stock.hash, id))
        tag = f'"{content[:32]}-{size}"'
        if _has(if_none_match, tag):
            return _same(tag)
        data = await parts.lanes.images.run(partial(parts.stock.thumbnail, id, size, tag))
    return Response(data, media_type="image/jpeg", headers={"ETag": tag, "Cache-Control": FRESH})


@router.get("/labels", responses=problems(503))
async def labels(parts: Shared) -> Labels:
    """The labels, most frequent first; those beyond a thousand are left out."""
    counted = await parts.lanes.index.run(partial(parts.index.labels, MOST_LABELS))
    return Labels(labels=[Label(name=name, documents=documents) for name, documents in counted.items()])


@router.get("/info", responses=problems(503))
async def info(parts: Shared) -> Info:
    """Which index and which model answer."""
    model = await parts.lanes.index.run(parts.index.model)
    documents = await parts.lanes.index.run(parts.index.count)
    return Info(index=parts.index.name, model=model.name, documents=documents, version=__version__)


def _has(if_none_match: str | None, tag: str) -> bool:
    """Whether the client holds this version (RFC 9110, 13.1.2)."""
    return if_none_match is not None and any(item.strip() in (tag, "W/" + tag) for item in if_none_match.split(","))


def _same(tag: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": FRESH})

"""The stored images, their thumbnails and their labels."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from lookalike import __version__
from lookalike.http_schemas import Info, Label, Labels
from lookalike_api.downloads import SentImage
from lookalike_api.etags import etag_of, has_version, not_modified
from lookalike_api.openapi import problems
from lookalike_api.originals import find, read_original, reading
from lookalike_api.state import State

router = APIRouter(tags=["images"])

MAX_LABELS = 1000
#: A browser shows an image for ten minutes before it asks whether it changed.
FRESH = "private, max-age=600"

Id = Annotated[str, Path(max_length=100, description="The id of a match.")]
Size = Annotated[int, Query(ge=32, le=1024, description="The longest side, in pixels. Images are never enlarged.")]
IfNoneMatch = Annotated[str | None, Header(description="The ETag of an earlier answer.")]

_IMAGE = {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The image."}
_THUMBNAIL = {**_IMAGE, "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
_NOT_MODIFIED = {"description": "The image has not changed."}


@router.get(
    "/images/{id}",
    summary="A stored image",
    response_class=Response,
    responses={200: _IMAGE, 304: _NOT_MODIFIED, **problems(400, 404, 503, 504)},
)
async def image(state: State, id: Id, if_none_match: IfNoneMatch = None) -> Response:
    """The file of a stored image, as it is now."""
    with state.downloads.acquire():
        data, media_type = await read_original(state, await find(state, id))
        tag = etag_of(data)
    if has_version(if_none_match, tag):
        return not_modified(tag, FRESH)
    return SentImage(data, media_type, {"ETag": tag, "Cache-Control": FRESH}, state.sending)


@router.get(
    "/images/{id}/thumbnail",
    summary="A thumbnail of a stored image",
    response_class=Response,
    responses={200: _THUMBNAIL, 304: _NOT_MODIFIED, **problems(400, 404, 503, 504)},
)
async def thumbnail(state: State, id: Id, size: Size = 256, if_none_match: IfNoneMatch = None) -> Response:
    """A small JPEG of the stored image as it is now, rotated as its EXIF data says."""
    with state.downloads.acquire():
        file = await find(state, id)
        tag = f'"{file.version}-{size}"'
        if has_version(if_none_match, tag):
            return not_modified(tag, FRESH)
        data = state.images.cached_thumbnail(file, size) or await reading(
            state, file, partial(state.images.thumbnail, file, size)
        )
    return Response(data, media_type="image/jpeg", headers={"ETag": tag, "Cache-Control": FRESH})


@router.get("/labels", summary="The labels", responses=problems(503))
async def labels(state: State) -> Labels:
    """The thousand most frequent labels, most frequent first."""
    counted = await state.executors.index.run(partial(state.index.labels, MAX_LABELS))
    return Labels(tuple(Label(name, documents) for name, documents in counted.items()))


@router.get("/info", summary="The index and the model", responses=problems(503))
async def info(state: State) -> Info:
    """The index and the model of this service."""
    model = await state.executors.index.run(state.index.model)
    documents = await state.executors.index.run(state.index.count)
    text = await state.executors.index.run(partial(state.searcher.texts.are_known, model))
    return Info(
        index=state.index.name,
        model=model.name,
        documents=documents,
        version=__version__,
        may_retry=state.retries is not None,
        text=text,
    )

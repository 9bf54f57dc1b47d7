"""The query service as an ASGI application: routes, and which error is which status."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api.search import Searcher
from api.wiring import open_searcher
from lookalike import configured
from lookalike.errors import ImageRejected, LookalikeError, NotStored, Unavailable
from lookalike.index import Index
from lookalike.settings import Settings

MAX_K = 200

#: Looked up along the class's ancestors, so a new error has a status from the day it is named.
STATUS: dict[type[Exception], int] = {ImageRejected: 422, NotStored: 404, Unavailable: 503, LookalikeError: 500}


def make_app(settings: Settings) -> Starlette:
    """The service; it opens index and model when it starts and closes them when it ends."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        index = configured.open_index(settings)
        searcher = open_searcher(settings, index)
        # The model serves one picture at a time; the others wait their turn instead of the processor's.
        yield {"index": index, "searcher": searcher, "turn": asyncio.Lock(), "max_bytes": settings.max_image_bytes}
        index.close()

    routes = [
        Route("/search", search_by_image, methods=["POST"]),
        Route("/search", search_by_id, methods=["GET"]),
        Route("/health/live", live),
        Route("/health/ready", ready),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={LookalikeError: explain})


async def search_by_image(request: Request) -> JSONResponse:
    """POST an encoded picture as the body; `?k=` matches, `?name=` and `?metadata.KEY=` as filters."""
    began = time.perf_counter()
    k, filters = _asked(request)
    data = await _body(request, request.state.max_bytes)
    searcher: Searcher = request.state.searcher
    async with request.state.turn:
        vector = await asyncio.to_thread(searcher.embed, data)
    index: Index = request.state.index
    return _answer(await asyncio.to_thread(index.search, vector, k, filters), began)


async def search_by_id(request: Request) -> JSONResponse:
    """The neighbours of a stored picture: `?id=`."""
    began = time.perf_counter()
    k, filters = _asked(request)
    if not (id := request.query_params.get("id")):
        raise HTTPException(400, "Say which picture: ?id=")
    searcher: Searcher = request.state.searcher
    return _answer(await asyncio.to_thread(searcher.like_stored, id, k, filters), began)


async def live(request: Request) -> JSONResponse:
    return JSONResponse({"status": "live"})


async def ready(request: Request) -> JSONResponse:
    """Ready when the index answers: its error says what is missing."""
    index: Index = request.state.index
    model = await asyncio.to_thread(index.model)
    return JSONResponse({"status": "ready", "index": index.name, "model": str(model)})


async def explain(request: Request, error: Exception) -> JSONResponse:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return JSONResponse({"title": type(error).__name__, "status": status, "detail": str(error)}, status)


def _asked(request: Request) -> tuple[int, dict[str, str]]:
    asked = request.query_params
    filters = {name: value for name, value in asked.items() if name in ("name", "uri") or name.startswith("metadata.")}
    try:
        k = int(asked.get("k", "10"))
    except ValueError:
        k = 0
    if not 1 <= k <= MAX_K:
        raise HTTPException(400, f"k must be a whole number from 1 to {MAX_K}.")
    return k, filters


async def _body(request: Request, max_bytes: int) -> bytes:
    """Counted while it is read, so that no client can fill the memory."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > max_bytes:
            raise HTTPException(413, f"A picture may have at most {max_bytes:,} bytes.")
    return bytes(body)


def _answer(matches: list[Any], began: float) -> JSONResponse:
    took_ms = round((time.perf_counter() - began) * 1000, 1)
    return JSONResponse({"matches": [asdict(match) for match in matches], "took_ms": took_ms})

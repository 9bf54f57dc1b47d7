"""Assembles the query service as an ASGI application."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from lookalike import __version__
from lookalike.errors import LookalikeError
from lookalike.settings import Settings
from lookalike_api import docs, problems
from lookalike_api.forwarded import Forwarded
from lookalike_api.html_pages import PAGE, html_page
from lookalike_api.methods import HeadAsGet, Options, RelativeRedirects
from lookalike_api.metrics import ResponseCounter
from lookalike_api.middleware import ApiKeyCheck, SecurityHeaders
from lookalike_api.openapi import DESCRIPTION, TAGS, openapi, operation_id
from lookalike_api.origins import ForeignPages, LocalHosts
from lookalike_api.routes import duplicates, facets, fields, health, images, jobs, listing, map, search
from lookalike_api.state import ServiceState, open_state

logger = logging.getLogger(__name__)

#: With the routes of the service.
MODULES = (search, listing, images, fields, facets, duplicates, map, jobs, health, docs)


def make_app(
    settings: Settings, *, broker_url: str | None = None, is_local: bool = False, is_own: bool = False
) -> FastAPI:
    """The query service. It opens index, broker and model at startup, and closes them at shutdown.

    `broker_url` is the Redis that holds the jobs, if any. With `is_local` and without a key, only requests for names of
    this machine are answered. `is_own`: only the user that runs the service reaches it, and may retry rejected images.
    """
    may_retry = is_own or (settings.api_key is not None and settings.api_retry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        state = open_state(settings, broker_url, may_retry=may_retry)
        # Searches that arrive meanwhile wait in the same executor; requests that need no model are answered.
        loading = asyncio.create_task(state.executors.embedding.run(lambda: _load_model(state)))
        starting = asyncio.create_task(state.executors.decoding.run(lambda: _start_decoders(state)))
        yield {"service": state, "metrics": state.metrics}
        loading.cancel()
        starting.cancel()
        state.close()

    app = FastAPI(
        title="lookalike",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        generate_unique_id_function=operation_id,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    for module in MODULES:
        app.include_router(module.router)
    problems.install(app)
    _serve_page(app)
    _add_middleware(app, settings, is_local)
    app.openapi = lambda: openapi(app, has_key=settings.api_key is not None)  # type: ignore[method-assign]
    return app


def _load_model(state: ServiceState) -> None:
    """Load the model and run it once, because its first run is slower. An error is only logged here: the requests that
    need the model report it."""
    try:
        embedder = state.searcher.refresh()
        embedder(np.zeros((1, embedder.size, embedder.size, 3), np.uint8))
        if state.searcher.texts.are_known(embedder.identity):
            state.searcher.texts.refresh()
    except LookalikeError as error:
        logger.warning("Not ready yet: %s", " ".join(str(error).split()))


def _start_decoders(state: ServiceState) -> None:
    """Start the first decoder, so that the first search does not wait for it. Errors as above."""
    try:
        state.decoders.warm()
    except LookalikeError as error:
        logger.warning("Not ready yet: %s", " ".join(str(error).split()))


def _add_middleware(app: FastAPI, settings: Settings, is_local: bool) -> None:
    """The last one added sees a request first."""
    app.add_middleware(Options)
    if settings.api_key is not None:
        app.add_middleware(ApiKeyCheck, key=settings.api_key.get_secret_value())
    else:
        app.add_middleware(ForeignPages, origins=settings.cors_origins, is_local=is_local)
        if is_local:
            app.add_middleware(LocalHosts)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type"],
            expose_headers=["ETag", "Link", "Retry-After", "Server-Timing"],
        )
    app.add_middleware(ResponseCounter)
    has_key = settings.api_key is not None
    app.add_middleware(SecurityHeaders, has_origins=bool(settings.cors_origins), has_key=has_key)
    app.add_middleware(RelativeRedirects)
    app.add_middleware(HeadAsGet)
    app.add_middleware(
        Forwarded, root_path=settings.root_path, proxies=settings.trusted_proxies, names=_first_segments(app)
    )


def _first_segments(app: FastAPI) -> set[str]:
    """Of the paths of all routes. FastAPI hides those of its routers."""
    routes = [*app.routes, *(route for module in MODULES for route in module.router.routes)]
    return {str(getattr(route, "path", "/")).split("/")[1] for route in routes} - {""}


def _serve_page(app: FastAPI) -> None:
    if not PAGE.is_dir():
        return

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        return html_page(request, "index.html")

    @app.get("/map", include_in_schema=False)
    async def map_page(request: Request) -> Response:
        return html_page(request, "map.html")

    @app.get("/duplicates", include_in_schema=False)
    async def duplicates_page(request: Request) -> Response:
        return html_page(request, "duplicates.html")

    # Only these files are compressed: they hold no data that their length could tell of.
    app.mount("/page", GZipMiddleware(StaticFiles(directory=PAGE)))

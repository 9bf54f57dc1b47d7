"""The query service as an ASGI application: its wiring, and nothing that a single route does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from lookalike import __version__
from lookalike.errors import LookalikeError
from lookalike.settings import Settings
from lookalike_api import docs, problems
from lookalike_api.middleware import HostGuard, KeyGuard, SecureHeaders
from lookalike_api.routes import health, images, jobs, search
from lookalike_api.schemas import Problem
from lookalike_api.state import Parts, open_parts
from lookalike_api.tally import CountAnswers

logger = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"


def make_app(settings: Settings, *, broker_url: str | None = None, hosts: Sequence[str] = ()) -> FastAPI:
    """The service. It opens index, broker and model when it starts, and closes them when it ends.

    `broker_url` is where the jobs are, if anywhere; `hosts` are the only names it answers to, if any.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        parts = open_parts(settings, broker_url)
        # Behind it wait the searches that come meanwhile, and whatever needs no model is answered.
        loading = asyncio.create_task(parts.lanes.embedding.run(lambda: _load(parts)))
        yield {"parts": parts}
        loading.cancel()
        parts.close()

    app = FastAPI(title="lookalike", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    for module in (search, images, jobs, health, docs):
        app.include_router(module.router)
    problems.install(app)
    _serve_page(app)
    _guard(app, settings, hosts)
    app.openapi = lambda: _documented(app)  # type: ignore[method-assign]
    return app


def _load(parts: Parts) -> None:
    """Load the model and run it once, because its first run is slower; what is wrong is told when it is needed."""
    try:
        embedder = parts.searcher.renew()
        embedder(np.zeros((1, embedder.size, embedder.size, 3), np.uint8))
    except LookalikeError as error:
        logger.warning("Not ready yet: %s", " ".join(str(error).split()))


def _guard(app: FastAPI, settings: Settings, hosts: Sequence[str]) -> None:
    """The last one added is the first one asked."""
    if settings.api_key is not None:
        app.add_middleware(KeyGuard, key=settings.api_key.get_secret_value())
    if hosts:
        app.add_middleware(HostGuard, hosts=hosts)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type"],
            expose_headers=["ETag", "Retry-After"],
        )
    app.add_middleware(CountAnswers)
    app.add_middleware(SecureHeaders)


def _serve_page(app: FastAPI) -> None:
    if not PAGE.is_dir():
        return

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    app.mount("/page", StaticFiles(directory=PAGE))


def _documented(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document. FastAPI's own answer to a bad parameter is taken out: ours is a problem with 400."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        schemas = document["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for operations in document["paths"].values():
            for operation in operations.values():
                if "HTTPValidationError" in str(operation["responses"].get("422")):
                    del operation["responses"]["422"]
    assert app.openapi_schema is not None
    return app.openapi_schema

"""Whether the service lives, whether it can answer, and its numbers."""

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException

from lookalike_api.problems import RETRY_AFTER_S
from lookalike_api.schemas import Live, Ready, ReadyIndex, problems
from lookalike_api.state import Parts, Shared

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> Live:
    return Live()


@router.get("/health/ready", responses=problems(503))
async def ready(parts: Shared) -> Ready:
    """Ready to search: the index answers and holds vectors of the model, which is loaded. The broker is told of, but
    not needed for that."""
    return await parts.lanes.probes.run(lambda: _looked(parts))


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
async def metrics(parts: Shared) -> Response:
    """For Prometheus."""
    return Response(await parts.lanes.probes.run(parts.metrics.text), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _looked(parts: Parts) -> Ready:
    documents = parts.index.count()
    if parts.searcher.is_loading:
        raise HTTPException(503, "The model is being loaded; try again soon.", {"Retry-After": str(RETRY_AFTER_S)})
    # Loads the model where there was no index to load it for when the service started.
    embedder = parts.searcher.renew()
    return Ready(
        index=ReadyIndex(name=parts.index.name, documents=documents),
        model=str(embedder.identity),
        broker=parts.broker(),
    )

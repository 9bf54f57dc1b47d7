"""Liveness, readiness and metrics."""

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException

from lookalike.http_schemas import Live, Ready, ReadyIndex
from lookalike_api.openapi import problems
from lookalike_api.problems import RETRY_AFTER_S
from lookalike_api.state import ServiceState, State

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="Liveness")
async def live() -> Live:
    """Whether the process runs."""
    return Live()


@router.get("/health/ready", summary="Readiness", responses=problems(503))
async def ready(state: State) -> Ready:
    """Whether the service can search: the index answers, and the model of its vectors is loaded. The broker's state is
    reported too, but searches do not need it."""
    return await state.executors.probes.run(lambda: _check_ready(state))


@router.get(
    "/metrics",
    summary="Metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems()},
)
async def metrics(state: State) -> Response:
    """Metrics in Prometheus' text format."""
    return Response(await state.executors.probes.run(state.metrics.render), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _check_ready(state: ServiceState) -> Ready:
    documents = state.index.count()
    if state.searcher.is_loading:
        raise HTTPException(503, "The model is being loaded; try again soon.", {"Retry-After": str(RETRY_AFTER_S)})
    # If there was no index when the service started, the model is loaded only now.
    embedder = state.searcher.refresh()
    return Ready(
        index=ReadyIndex(name=state.index.name, documents=documents),
        model=str(embedder.identity),
        broker=state.broker(),
    )

"""What became of the jobs."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query
from starlette.exceptions import HTTPException

from lookalike.errors import BrokerUnavailable
from lookalike_api import schemas
from lookalike_api.jobs import Jobs
from lookalike_api.state import Parts, Shared

router = APIRouter(tags=["jobs"])

Answer = TypeVar("Answer")

Id = Annotated[str, Path(max_length=100)]
NO_BROKER = "No broker is configured and none runs here: start `lookalike up`, or set LOOKALIKE_BROKER_URL."


@router.get("/jobs", responses=schemas.problems(400, 503))
async def jobs(parts: Shared, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> schemas.Jobs:
    """The latest jobs, newest first."""
    return await _asked(parts, lambda ledger: ledger.latest(limit))


@router.get("/jobs/{id}", responses=schemas.problems(400, 404, 503))
async def job(parts: Shared, id: Id) -> schemas.Job:
    return await _asked(parts, lambda ledger: ledger.one(id))


@router.get("/jobs/{id}/failed", responses=schemas.problems(400, 404, 503))
async def failed(
    parts: Shared,
    id: Id,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> schemas.FailedImages:
    """The rejected images, with the reasons."""
    return await _asked(parts, lambda ledger: ledger.failed(id, limit, offset))


async def _asked(parts: Parts, ask: Callable[[Jobs], Answer]) -> Answer:
    if parts.jobs is None:
        raise HTTPException(503, NO_BROKER)
    try:
        return await parts.lanes.ledger.run(partial(ask, parts.jobs))
    except BrokerUnavailable as error:
        if parts.broker_is_optional:
            raise HTTPException(503, NO_BROKER) from error
        raise

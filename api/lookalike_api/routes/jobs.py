"""The jobs and their rejected images."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query
from starlette.exceptions import HTTPException

from lookalike import http_schemas as schemas
from lookalike.errors import BrokerUnavailable, PermanentError
from lookalike_api.jobs import JobHistory
from lookalike_api.openapi import problems
from lookalike_api.state import ServiceState, State

router = APIRouter(tags=["jobs"])
logger = logging.getLogger(__name__)

Result = TypeVar("Result")

Id = Annotated[str, Path(max_length=100, description="The id of the job.")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many jobs.")]
PageLimit = Annotated[int, Query(ge=1, le=1000, description="How many images.")]
PageOffset = Annotated[int, Query(ge=0, le=1_000_000, description="How many images to skip.")]
NO_RETRY = (
    "Retries are not allowed here: run `lookalike failed retry`, or set LOOKALIKE_API_RETRY=true for the service."
)
NO_JOBS = "The broker takes no jobs now; the log of the service says why."
NO_BROKER = "No broker is configured, and none runs here: run `lookalike up`, or set LOOKALIKE_BROKER_URL."


@router.get("/jobs", summary="The latest jobs", responses=problems(400, 503))
async def jobs(state: State, limit: Limit = 20) -> schemas.Jobs:
    """The latest jobs, newest first."""
    return await _query(state, lambda jobs: jobs.latest(limit))


@router.get("/jobs/{id}", summary="One job", responses=problems(400, 404, 503))
async def job(state: State, id: Id) -> schemas.Job:
    """One job with its counts."""
    return await _query(state, lambda jobs: jobs.one(id))


@router.get("/jobs/{id}/failed", summary="The rejected images of a job", responses=problems(400, 404, 503))
async def failed(
    state: State,
    id: Id,
    limit: PageLimit = 100,
    offset: PageOffset = 0,
) -> schemas.RejectedPage:
    """The rejected images of a job, with the reasons."""
    return await _query(state, lambda jobs: jobs.rejected(id, limit, offset))


@router.post(
    "/jobs/{id}/retry",
    summary="Retry the rejected images of a job",
    status_code=202,
    responses=problems(400, 403, 404, 409, 503),
    description="In a new job, with their labels and metadata. Allowed to the user that runs a service without a key; "
    "with a key, if the service is started with LOOKALIKE_API_RETRY=true.",
)
async def retry(state: State, id: Id) -> schemas.Retry:
    if state.retries is None:
        raise HTTPException(403, NO_RETRY)
    job = await _query(state, lambda jobs: jobs.one(id))
    try:
        await _query(state, lambda jobs: jobs.check_writable())
    except PermanentError as error:
        logger.warning("The job %s is not retried: %s", job.id, " ".join(str(error).split()))
        raise HTTPException(503, NO_JOBS) from error
    if not await state.executors.ledger.run(partial(state.retries.start, job.id)):
        raise HTTPException(409, "The rejected images of this job are being retried already.")
    return schemas.Retry(job.id)


async def _query(state: ServiceState, ask: Callable[[JobHistory], Result]) -> Result:
    if state.jobs is None:
        raise HTTPException(503, NO_BROKER)
    try:
        return await state.executors.ledger.run(partial(ask, state.jobs))
    except BrokerUnavailable as error:
        if state.broker_is_optional:
            raise HTTPException(503, NO_BROKER) from error
        raise

"""Groups of identical and near-identical images, for a person to review. Nothing is deleted here."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter

from lookalike.duplicates import Group, Star, groups_of
from lookalike.filters import Condition
from lookalike.http_schemas import Duplicate, DuplicateGroup, Duplicates
from lookalike.index import Index
from lookalike_api.comparisons import Progress, Wanted
from lookalike_api.openapi import problems
from lookalike_api.routes.params import FILTERING, Exact, FilterParams
from lookalike_api.state import ServiceState, State

router = APIRouter(tags=["duplicates"])

MAX_GROUPS = 100
#: Images shown of one group: no person looks at more.
MAX_IMAGES = 200

Threshold = Annotated[
    float | None,
    Parameter(
        ge=-1,
        le=1,
        allow_inf_nan=False,
        description="The lowest score of near images. By default 0.98; none for a model that is compared by distance: "
        "then only identical images are found.",
    ),
]
Limit = Annotated[int, Parameter(ge=1, le=MAX_GROUPS, description="How many groups.")]
Offset = Annotated[int, Parameter(ge=0, le=100_000_000, description="How many groups to skip.")]
Conditions = Annotated[tuple[Condition, ...], Depends(FilterParams("threshold", "exact", "limit", "offset"))]
NewConditions = Annotated[tuple[Condition, ...], Depends(FilterParams("threshold", "exact"))]


@router.post(
    "/duplicates/groups",
    status_code=202,
    summary="Look for duplicates",
    responses=problems(400, 503),
    description="Compares the images that meet the filters with one another, in the background. The same request again "
    f"begins anew if the comparison has ended. {FILTERING}",
)
async def find_duplicates(
    state: State, conditions: NewConditions, threshold: Threshold = None, exact: Exact = False
) -> Duplicates:
    wanted = Wanted(threshold, conditions, exact)
    return _answer(await state.executors.index.run(partial(state.comparisons.start, wanted)))


@router.get(
    "/duplicates/groups",
    summary="The duplicates that were found",
    responses=problems(400, 503),
    description="How far the comparison is that the same parameters began with POST, and its groups when it has "
    f"finished. {FILTERING}",
)
async def duplicates(
    state: State,
    conditions: Conditions,
    threshold: Threshold = None,
    exact: Exact = False,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Duplicates:
    wanted = Wanted(threshold, conditions, exact)
    return await state.executors.index.run(partial(_page, state, wanted, limit, offset))


def _page(state: ServiceState, wanted: Wanted, limit: int, offset: int) -> Duplicates:
    progress = state.comparisons.find(wanted)
    end = offset + limit
    found = _groups(state.index, progress.stars[offset:end])
    return _answer(progress, tuple(found), end if end < len(progress.stars) else None)


def _answer(progress: Progress, found: tuple[DuplicateGroup, ...] = (), following: int | None = None) -> Duplicates:
    return Duplicates(
        state=progress.state,
        threshold=progress.threshold,
        images=progress.images,
        read=progress.read,
        compared=progress.compared,
        ended=progress.ended,
        error=progress.error,
        groups=found,
        total=len(progress.stars),
        next=following,
    )


def _groups(index: Index, stars: Sequence[Star]) -> Iterator[DuplicateGroup]:
    sizes = {star.centre: len(star.scores) for star in stars}
    for group in groups_of(index, (star.cut(MAX_IMAGES) for star in stars)):
        shown = len(group.members)
        yield _group(group, sizes.get(group.centre, shown) if shown == MAX_IMAGES else shown)


def _group(group: Group, size: int) -> DuplicateGroup:
    return DuplicateGroup(
        key=group.key,
        kind="identical" if group.is_identical else "near",
        score=group.score,
        centre=group.centre,
        keep=group.keep,
        why=group.why,
        size=size,
        images=tuple(
            Duplicate(
                id=member.id,
                uri=member.uri,
                name=member.name,
                score=member.score,
                width=member.width,
                height=member.height,
                size_bytes=member.size_bytes,
                modified_at=member.modified_at,
                ingested_at=member.ingested_at,
                taken_at_ms=member.taken_at_ms,
            )
            for member in group.members
        ),
    )

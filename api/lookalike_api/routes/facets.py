"""Counts of the values of several fields, for the images that meet the filters."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter

from lookalike.filters import Condition
from lookalike.http_filters import MAX_LENGTH
from lookalike.index.facets import facets
from lookalike.records import Facets
from lookalike.records.facets import FEWEST_RANGES, MOST_RANGES, MOST_VALUES, RANGES, VALUES
from lookalike_api.faceted import names_of
from lookalike_api.openapi import problems
from lookalike_api.routes.params import FILTERING, FilterParams
from lookalike_api.state import State

router = APIRouter(tags=["metadata"])

Fields = Annotated[
    str | None,
    Parameter(
        max_length=MAX_LENGTH,
        description="`label`, `taken` and metadata fields, with commas between them; by default all that have values.",
    ),
]
Limit = Annotated[int, Parameter(ge=1, le=MOST_VALUES, description="How many values of a field.")]
Ranges = Annotated[
    int, Parameter(ge=FEWEST_RANGES, le=MOST_RANGES, description="How many ranges of numbers or dates, at most.")
]
Conditions = Annotated[tuple[Condition, ...], Depends(FilterParams("fields", "limit", "ranges"))]


@router.get(
    "/facets",
    summary="The values of several fields",
    responses=problems(400, 503),
    description="How many images have which values, among all images that meet the filters, whatever a search would "
    "find nearest: the most frequent values of texts, numbers and truth values, and ranges of numbers and dates. "
    f"{FILTERING}",
)
async def all_facets(
    state: State, conditions: Conditions, fields: Fields = None, limit: Limit = VALUES, ranges: Ranges = RANGES
) -> Facets:
    counted = partial(facets, state.index, names_of(fields), limit=limit, ranges=ranges, filters=conditions)
    return await state.executors.index.run(counted)

"""The metadata fields of the index, and the values that they have."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from fastapi import Query as Parameter

from lookalike.filters import TAKEN, Condition, Operator
from lookalike.http_schemas import Field, FieldList
from lookalike.index import Index
from lookalike.index.facets import facets
from lookalike.metadata import Kind
from lookalike.records import Facet, FacetValue
from lookalike_api.openapi import problems
from lookalike_api.routes.params import FILTERING, FilterParams
from lookalike_api.state import State

router = APIRouter(tags=["metadata"])

MAX_VALUES = 1000

Name = Annotated[str, PathParameter(max_length=100, description="`label`, `taken`, `metadata.FIELD`, or FIELD alone.")]
Limit = Annotated[int, Parameter(ge=1, le=MAX_VALUES, description="How many values.")]
Conditions = Annotated[tuple[Condition, ...], Depends(FilterParams("limit"))]


@router.get("/fields", summary="The metadata fields", responses=problems(503))
async def fields(state: State) -> FieldList:
    """The metadata fields of the index, with their types, and how many images say when they were taken."""
    return await state.executors.index.run(partial(_fields, state.index))


@router.get(
    "/facets/{field}",
    summary="The values of a field",
    responses=problems(400, 503),
    description="The most frequent values of `label` or of a metadata field, among the images that meet the filters; "
    f"of numbers and dates also the least, the greatest, and ranges. {FILTERING}",
)
async def facet(state: State, field: Name, conditions: Conditions, limit: Limit = 50) -> Facet:
    return await state.executors.index.run(partial(_facet, state.index, field, limit, conditions))


def _fields(index: Index) -> FieldList:
    found = index.fields()
    taken = 0 if TAKEN in found else index.count([Condition(TAKEN, Operator.EXISTS)])
    return FieldList(tuple(Field(name, str(type)) for name, type in sorted(found.items())), taken)


def _facet(index: Index, field: str, limit: int, conditions: tuple[Condition, ...]) -> Facet:
    (found,) = facets(index, [field], limit=limit, filters=conditions).facets
    if found.type.removesuffix("[]") in (Kind.FLOAT, Kind.DATE):
        counts = index.facet(field, limit, conditions)
        found = replace(found, values=tuple(FacetValue(value, number) for value, number in counts.items()))
    # Called as it was asked for.
    return replace(found, field=field)

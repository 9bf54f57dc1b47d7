"""The metadata fields of the index, and the values that they have."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from fastapi import Query as Parameter

from lookalike.filters import Condition, stored_field
from lookalike.http_schemas import Facet, FacetValue, Field, FieldList
from lookalike.index import Index
from lookalike.index.bound import ORDERED, place_of
from lookalike.metadata import FieldType, Kind
from lookalike_api.openapi import problems
from lookalike_api.routes.params import FILTERING, FilterParams
from lookalike_api.state import State

router = APIRouter(tags=["metadata"])

MAX_VALUES = 1000

Name = Annotated[str, PathParameter(max_length=100, description="`label`, `metadata.FIELD`, or FIELD alone.")]
Limit = Annotated[int, Parameter(ge=1, le=MAX_VALUES, description="How many values.")]
Conditions = Annotated[tuple[Condition, ...], Depends(FilterParams("limit"))]


@router.get("/fields", summary="The metadata fields", responses=problems(503))
async def fields(state: State) -> FieldList:
    """The metadata fields of the index, with their types."""
    found = await state.executors.index.run(state.index.fields)
    return FieldList(tuple(Field(name, str(type)) for name, type in sorted(found.items())))


@router.get(
    "/facets/{field}",
    summary="The values of a field",
    responses=problems(400, 503),
    description="The most frequent values of `label` or of a metadata field, among the images that meet the filters; "
    f"of numbers and dates also the least and the greatest. {FILTERING}",
)
async def facet(state: State, field: Name, conditions: Conditions, limit: Limit = 50) -> Facet:
    return await state.executors.index.run(partial(_facet, state.index, field, limit, conditions))


def _facet(index: Index, field: str, limit: int, conditions: tuple[Condition, ...]) -> Facet:
    type = _type_of(index, field)
    counts = {} if type.kind is Kind.TEXT else index.facet(field, limit, conditions)
    bounds = index.bounds(field, conditions) if type.kind in ORDERED else None
    values = tuple(FacetValue(value, documents) for value, documents in counts.items())
    return Facet(field, str(type), values, *(bounds or (None, None)))


def _type_of(index: Index, field: str) -> FieldType:
    """Raises BadFilter for a field that the index does not have."""
    type = place_of(stored_field(field), index.fields(), index.name, has_texts=False).type
    return type or FieldType(Kind.KEYWORD)

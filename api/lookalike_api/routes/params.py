"""The query parameters that searches and facets share. Any other parameter is refused."""

from collections import Counter
from typing import Annotated

from fastapi import Query as Parameter
from starlette.requests import Request

from lookalike.filters import Condition, stored_field
from lookalike.http_filters import MAX_LENGTH, from_parameters, is_filter
from lookalike.queries.cursor import MAX_LENGTH as MAX_CURSOR
from lookalike.queries.order import SCORE, parse_order
from lookalike.queries.pages import Paging
from lookalike.records import MOST_MATCHES
from lookalike_api.faceted import names_of
from lookalike_api.problems import ParameterRefused
from lookalike_api.search import Query

MAX_OFFSET = 1000
SHARED = ("k", "offset", "min_score", "exact", "sort", "group_by", "diversity", "cursor", "facets")

K = Annotated[int, Parameter(ge=1, le=MOST_MATCHES, description="How many matches.")]
Offset = Annotated[int, Parameter(ge=0, le=MAX_OFFSET, description="How many of the best matches to skip.")]
MinScore = Annotated[
    float, Parameter(ge=-1, le=1, allow_inf_nan=False, description="Leave out matches with a lower score.")
]
Exact = Annotated[bool, Parameter(description="Compare all vectors, however many there are.")]
Sort = Annotated[
    str,
    Parameter(
        max_length=MAX_LENGTH,
        description="Order of the matches: score, taken, ingested, label or a metadata field. A minus reverses it.",
    ),
]
GroupBy = Annotated[
    str | None,
    Parameter(max_length=MAX_LENGTH, description="Only the best match for each value of label or a metadata field."),
]
Diversity = Annotated[
    float,
    Parameter(
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="How much the matches differ from one another: 0 as the search finds them.",
    ),
]
Cursor = Annotated[
    str | None,
    Parameter(max_length=MAX_CURSOR, description="`*` for the first page; then the cursor of the page before."),
]
FacetNames = Annotated[
    str | None,
    Parameter(
        max_length=MAX_LENGTH,
        description="Count the values of these fields (a,b) among all images that meet the filters.",
    ),
]
Texts = list[Annotated[str, Parameter(max_length=MAX_LENGTH)]] | None
Label = Annotated[Texts, Parameter(description="Only images with this label, or with one of several.")]
Name = Annotated[Texts, Parameter(description="The same as `label`.")]
Taken = Annotated[
    Texts,
    Parameter(description="Only photographs taken in this year, month or day (`2024-05`), or in one of several."),
]
Filter = Annotated[Texts, Parameter(description='A condition such as "year>=2020" or "tags=a,b"; all must hold.')]

FILTERING = (
    "In addition to the parameters below, `metadata.FIELD=VALUE` returns only images whose metadata field has this "
    "value; several values of one field are alternatives, and several fields must all fit. Behind `metadata.FIELD`, "
    "`label` or `taken`, `.min` and `.max` give a range that includes its ends, `.above` and `.below` one without "
    "them, `.not` a value that the field must not have, and `.exists` (true or false) says whether it must exist."
)


#: Parameters that may be given several times.
REPEATED = frozenset({"example"})


class FilterParams:
    """A dependency that makes the conditions of a request. `others` are the parameters that its route has besides."""

    def __init__(self, *others: str) -> None:
        self._names = frozenset(others)

    # `async` although it awaits nothing: FastAPI runs a plain function in a thread, for every request.
    async def __call__(
        self, request: Request, label: Label = None, name: Name = None, taken: Taken = None, filter: Filter = None
    ) -> tuple[Condition, ...]:
        return conditions_of(request, self._names)


class QueryParams:
    """A dependency that makes the Query of a request. `others` are the parameters that only its route has."""

    def __init__(self, *others: str) -> None:
        self._names = frozenset((*SHARED, *others))

    async def __call__(
        self,
        request: Request,
        k: K = 10,
        offset: Offset = 0,
        min_score: MinScore = -1.0,
        exact: Exact = False,
        sort: Sort = SCORE,
        group_by: GroupBy = None,
        diversity: Diversity = 0.0,
        cursor: Cursor = None,
        facets: FacetNames = None,
        label: Label = None,
        name: Name = None,
        taken: Taken = None,
        filter: Filter = None,
    ) -> Query:
        group_by = None if group_by is None else stored_field(group_by)
        paging = Paging(k, offset, min_score, order=parse_order(sort), group_by=group_by)
        return Query(paging, conditions_of(request, self._names), exact, cursor, diversity, names_of(facets))


def conditions_of(request: Request, others: frozenset[str]) -> tuple[Condition, ...]:
    """The conditions of a request. They are read from all its parameters, because no signature can name
    `metadata.FIELD`. Raises ParameterRefused for one that is unknown or repeated, BadFilter."""
    given = request.query_params.multi_items()
    for parameter, times in Counter(parameter for parameter, _ in given if not is_filter(parameter)).items():
        if parameter not in others:
            what = f"Unknown parameter {parameter[:100]!r}: filter on label, taken or metadata.FIELD."
            raise ParameterRefused(parameter, what)
        if times > 1 and parameter not in REPEATED:
            raise ParameterRefused(parameter, f"{parameter[:100]!r} is given more than once.")
    return from_parameters(item for item in given if is_filter(item[0]))

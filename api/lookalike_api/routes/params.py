"""The query parameters that all searches share. Any other parameter is refused."""

from collections import Counter
from typing import Annotated

from fastapi import Query as Parameter
from starlette.exceptions import HTTPException
from starlette.requests import Request

from lookalike_api.search import Query

MAX_K = 200
MAX_OFFSET = 1000
#: Many more than a person would combine.
MAX_FILTERS = 20
MAX_FILTER_LENGTH = 1000
METADATA = "metadata."
SHARED = {"k", "offset", "min_score", "label", "name"}

K = Annotated[int, Parameter(ge=1, le=MAX_K, description="How many matches.")]
Offset = Annotated[int, Parameter(ge=0, le=MAX_OFFSET, description="How many of the best matches to skip.")]
MinScore = Annotated[
    float, Parameter(ge=-1, le=1, allow_inf_nan=False, description="Leave out matches with a lower score.")
]
Label = Annotated[str | None, Parameter(max_length=MAX_FILTER_LENGTH, description="Only images with this label.")]
Name = Annotated[str | None, Parameter(max_length=MAX_FILTER_LENGTH, description="The same as `label`.")]

FILTERING = (
    "In addition to the parameters below, `metadata.KEY=VALUE` returns only images whose metadata field KEY has this "
    "value; several keys can be combined."
)


class QueryParams:
    """A dependency that makes the Query of a request. `others` are the parameters that only its route has."""

    def __init__(self, *others: str) -> None:
        self._names = SHARED | set(others)

    # `async` although it awaits nothing: FastAPI runs a plain function in a thread, for every request.
    async def __call__(
        self,
        request: Request,
        k: K = 10,
        offset: Offset = 0,
        min_score: MinScore = -1.0,
        label: Label = None,
        name: Name = None,
    ) -> Query:
        if label is not None and name is not None and label != name:
            raise HTTPException(400, "label and name are the same filter: give one of them.")
        filters = self._metadata_filters(request)
        value = label if label is not None else name
        if value is not None:
            # The index calls an image's label its name.
            filters["name"] = value
        if len(filters) > MAX_FILTERS:
            raise HTTPException(400, f"At most {MAX_FILTERS} filters can be combined.")
        return Query(k, offset, min_score, filters)

    def _metadata_filters(self, request: Request) -> dict[str, str]:
        """The filters on metadata. Raises HTTPException 400 for a parameter that is unknown, repeated or too long."""
        given = request.query_params.multi_items()
        for parameter, times in Counter(parameter for parameter, _ in given).items():
            if parameter not in self._names and not parameter.startswith(METADATA):
                raise HTTPException(400, f"Unknown parameter {parameter[:100]!r}: filter on label or metadata.KEY.")
            if times > 1:
                raise HTTPException(400, f"{parameter[:100]!r} is given more than once.")
        filters = {parameter: value for parameter, value in given if parameter.startswith(METADATA)}
        if any(len(parameter) + len(value) > MAX_FILTER_LENGTH for parameter, value in filters.items()):
            raise HTTPException(400, f"A filter may have at most {MAX_FILTER_LENGTH} characters.")
        return filters

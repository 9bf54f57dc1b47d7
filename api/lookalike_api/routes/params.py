"""The parameters that all searches share, checked, and nothing else let through."""

from collections import Counter
from typing import Annotated

from fastapi import Query as Parameter
from starlette.exceptions import HTTPException
from starlette.requests import Request

from lookalike_api.search import Query

MAX_K = 200
MAX_OFFSET = 1000
#: Far more than anyone filters on by hand.
MOST_FILTERS = 20
LONGEST_FILTER = 1000
METADATA = "metadata."
OURS = {"k", "offset", "min_score", "name"}

K = Annotated[int, Parameter(ge=1, le=MAX_K, description="How many matches.")]
Offset = Annotated[int, Parameter(ge=0, le=MAX_OFFSET, description="How many of the best to pass over.")]
MinScore = Annotated[float, Parameter(ge=-1, le=1, allow_inf_nan=False, description="Leave out what scores less.")]
Name = Annotated[str | None, Parameter(max_length=LONGEST_FILTER, description="Only images with this label.")]

FILTERING = (
    "Besides the parameters below, `metadata.KEY=VALUE` keeps only images whose metadata have this value; it may be "
    "given for several keys."
)


class Asking:
    """A dependency that gives the Query of a request. `further`: parameters of the route itself."""

    def __init__(self, *further: str) -> None:
        self._known = OURS | set(further)

    # Not waiting for anything, yet `async`: FastAPI would give a plain function a thread for every request.
    async def __call__(
        self, request: Request, k: K = 10, offset: Offset = 0, min_score: MinScore = -1.0, name: Name = None
    ) -> Query:
        filters = self._filters(request)
        if name is not None:
            filters["name"] = name
        if len(filters) > MOST_FILTERS:
            raise HTTPException(400, f"At most {MOST_FILTERS} filters can be combined.")
        return Query(k, offset, min_score, filters)

    def _filters(self, request: Request) -> dict[str, str]:
        """Those on metadata. Raises 400 for what is unknown, double or too long."""
        given = request.query_params.multi_items()
        for parameter, times in Counter(parameter for parameter, _ in given).items():
            if parameter not in self._known and not parameter.startswith(METADATA):
                raise HTTPException(400, f"There is no parameter {parameter[:100]!r}: filter on name or metadata.KEY.")
            if times > 1:
                raise HTTPException(400, f"{parameter[:100]!r} is given more than once.")
        filters = {parameter: value for parameter, value in given if parameter.startswith(METADATA)}
        if any(len(parameter) + len(value) > LONGEST_FILTER for parameter, value in filters.items()):
            raise HTTPException(400, f"A filter may have at most {LONGEST_FILTER} characters.")
        return filters

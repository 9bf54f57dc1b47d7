"""The options of a search, as its callers give them."""

from dataclasses import dataclass

from lookalike.filters import Condition
from lookalike.queries.order import SCORE


@dataclass(frozen=True)
class Options:
    """`k` matches of images that meet all `filters`, none with a score below `min_score`, in the order that `sort`
    names; with `group_by` only the best of each value of that field. `diversity` from 0 to 1 chooses matches that
    differ from one another. `exact` compares all vectors."""

    k: int = 10
    filters: tuple[Condition, ...] = ()
    min_score: float = -1.0
    sort: str = SCORE
    group_by: str | None = None
    diversity: float = 0.0
    exact: bool = False

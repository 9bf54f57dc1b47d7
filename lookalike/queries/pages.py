"""Chooses one page of the matches of a search: it asks the index for more of the nearest until there are enough."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lookalike.errors import BadQuery
from lookalike.queries.cursor import Cursor
from lookalike.queries.order import BY_SCORE, SCORE, Order, value_of
from lookalike.records import Match

#: Of the nearest, at most so many are looked at; OpenSearch gives no more.
MOST_CANDIDATES = 10_000
#: As many of the nearest are sorted by something else than their score.
SORTED = 1_000
#: How many times more are asked for when there are not enough.
GROWTH = 4

#: The k nearest, best first.
Ask = Callable[[int], list[Match]]


@dataclass(frozen=True)
class Paging:
    """Which matches a search shows: `k` of them after the first `offset`, or after the end of the page that `cursor`
    describes; none with a score below `min_score` or with an id of `leave_out`; with `group_by`, a field, only the best
    one of each of its values. `is_paged`: further pages may follow, which continue exactly where this one ends."""

    k: int = 10
    offset: int = 0
    min_score: float = -1.0
    leave_out: frozenset[str] = frozenset()
    order: Order = BY_SCORE
    group_by: str | None = None
    cursor: Cursor | None = None
    is_paged: bool = False

    def __post_init__(self) -> None:
        if self.cursor and self.offset:
            raise BadQuery("A search has an offset and a cursor.", "Give one of them.")

    @property
    def is_by_score(self) -> bool:
        return self.order.field == SCORE

    @property
    def is_plain(self) -> bool:
        """Whether `wanted` of the nearest are always enough for it."""
        return self.is_by_score and self.group_by is None

    @property
    def wanted(self) -> int:
        """How many of the nearest are needed, if none of them is left out for its group. What is sorted is the same
        for every page."""
        if not self.is_by_score:
            return SORTED + len(self.leave_out)
        seen = self.cursor.seen if self.cursor else self.offset
        return min(MOST_CANDIDATES, seen + self.k + len(self.leave_out) + self.is_paged)


FIRST_PAGE = Paging()


@dataclass(frozen=True)
class Page:
    """`candidates`: how many of the nearest were looked at. `seen`: how many matches there are up to its end."""

    matches: list[Match]
    candidates: int
    seen: int
    is_last: bool


def page_of(ask: Ask, paging: Paging) -> Page:
    """The page, of the nearest that `ask` gives."""
    k = paging.wanted
    while True:
        candidates = ask(k)
        has_all = len(candidates) < k or k >= MOST_CANDIDATES or _is_below(candidates, paging)
        counted = candidates if has_all or not paging.is_paged else _certain(candidates, paging)
        left = list(_after(arranged(counted, paging), paging))
        is_end = has_all or not paging.is_by_score
        if is_end or len(left) >= paging.k:
            break
        k = min(MOST_CANDIDATES, GROWTH * k)
    seen = paging.cursor.seen if paging.cursor else paging.offset
    matches = left[: paging.k]
    return Page(matches, len(candidates), seen + len(matches), is_last=is_end and len(left) <= paging.k)


def arranged(candidates: Iterable[Match], paging: Paging) -> list[Match]:
    """Those that count, in their order."""
    counted = [match for match in candidates if match.id not in paging.leave_out and match.score >= paging.min_score]
    best = _best_of_each(BY_SCORE.sorted(counted), paging.group_by) if paging.group_by else counted
    return paging.order.sorted(best)


def _certain(candidates: list[Match], paging: Paging) -> list[Match]:
    """Without the last ones of equal score: the index may have left out others of that score, which stand before."""
    last = BY_SCORE.place(candidates[-1]).value
    certain = [match for match in candidates if BY_SCORE.place(match).value != last]
    # If all that are sorted have one score, any of them are.
    return certain if certain or paging.is_by_score else candidates


def _best_of_each(matches: Iterable[Match], field: str) -> Iterable[Match]:
    """The first of each value; a match without one is a group by itself."""
    known = set()
    for match in matches:
        value = value_of(match, field)
        if value is None or value not in known:
            known.add(value)
            yield match


def _after(matches: list[Match], paging: Paging) -> Iterable[Match]:
    if paging.cursor is None:
        return matches[paging.offset :]
    end = paging.order.after(paging.cursor.value, paging.cursor.id)
    return (match for match in matches if paging.order.place(match) > end)


def _is_below(candidates: list[Match], paging: Paging) -> bool:
    """Whether all further ones are below the least score."""
    return bool(candidates) and candidates[-1].score < paging.min_score

"""Notices a listing that has no end."""

from collections.abc import Sequence

from lookalike.reading.stores.client import Entry
from lookalike.reading.stores.problems import Kind, StoreProblem

#: Pages without a key in a row: a store that skips deleted keys sends some.
MOST_EMPTY = 10_000


class Progress:
    """Of one listing. It remembers one page, which it exchanges after 1, 2, 4 ... further ones: if pages come again and
    again, the remembered one is among them at some time (Brent, "An improved Monte Carlo factorization algorithm",
    1980)."""

    def __init__(self) -> None:
        self._kept: tuple[str, ...] = ()
        self._since = 0
        self._until = 1
        self._empty = 0

    def check(self, entries: Sequence[Entry], following: str = "") -> None:
        """Raises StoreProblem for a page that was there before, and for too many without a key. `following` is what the
        next page is asked for with."""
        # A store may tell its pages apart by tokens that are always new.
        mark = (entries[0].key, entries[-1].key) if entries else (following,)
        self._empty = 0 if entries else self._empty + 1
        if mark == self._kept or self._empty > MOST_EMPTY:
            raise StoreProblem(Kind.REFUSED, "its list of keys has no end")
        self._since += 1
        if self._since == self._until:
            self._kept, self._since, self._until = mark, 0, 2 * self._until

"""Places of a list that are read ahead."""

from collections.abc import Hashable

import pytest

from lookalike.index.lancedb import ahead
from lookalike.index.lancedb.ahead import Ahead, Place
from lookalike.queries.listing import Position

EVERY = [Place(f"{number:03}", Position(number // 3, f"/{number:03}.jpg")) for number in range(40)]


class Table:
    """Counts how often it is read."""

    def __init__(self) -> None:
        self.times = 0

    def read(self, after: Position | None, limit: int) -> list[Place]:
        self.times += 1
        begin = 0 if after is None else [place.position for place in EVERY].index(after) + 1
        return EVERY[begin:][:limit]


def walk(kept: Ahead, table: Table, limit: int, key: Hashable = "a") -> list[Place]:
    found: list[Place] = []
    while page := kept.behind(key, found[-1].position if found else None, limit, table.read):
        assert len(page) == limit or page[-1] == EVERY[-1]
        found += page
    return found


@pytest.mark.parametrize(("limit", "times"), [(1, 5), (4, 5), (7, 6), (10, 5), (20, 3), (100, 1)])
def test_pages_lead_through_all_places_with_few_readings(
    monkeypatch: pytest.MonkeyPatch, limit: int, times: int
) -> None:
    monkeypatch.setattr(ahead, "PLACES", 10)
    table = Table()
    assert walk(Ahead(), table, limit) == EVERY and table.times == times


def test_another_state_of_the_table_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "LISTS", 2)
    kept, table = Ahead(), Table()
    for key, times in (("a", 1), ("a", 1), ("b", 2), ("a", 2), ("c", 3), ("a", 3), ("b", 4)):
        assert kept.behind(key, None, 5, table.read) == EVERY[:5] and table.times == times
    kept.forget("b")
    kept.forget("nothing")
    assert kept.behind("b", EVERY[4].position, 5, table.read) == EVERY[5:10] and table.times == 5
    assert kept.behind("b", EVERY[9].position, 5, table.read) == EVERY[10:15] and table.times == 5
    # Back to where it has not read from.
    assert kept.behind("b", None, 5, table.read) == EVERY[:5] and table.times == 6

"""Ranges of a histogram begin at round values, and hold every value."""

import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.filters import Scalar
from lookalike.index.starts import FEWEST, starts
from lookalike.metadata import INTEGERS, FieldType, Kind, fitted_value

MIDNIGHT = "T00:00:00.000Z"
MOST = st.integers(FEWEST, 100)


@pytest.mark.parametrize(
    ("least", "greatest", "kind", "most", "expected"),
    [
        (2013, 2026, Kind.INTEGER, 5, [2010, 2015, 2020, 2025]),
        (2013, 2026, Kind.INTEGER, 20, [*range(2013, 2027)]),
        (-3, 4, Kind.INTEGER, 2, [-5, 0]),
        (7, 7, Kind.INTEGER, 5, [7]),
        (0, 2, Kind.INTEGER, 100, [0, 1, 2]),
        (-(2**63), 2**63 - 1, Kind.INTEGER, 2, [-(2**63), 0]),
        (2**63 - 3, 2**63 - 1, Kind.INTEGER, 9, [2**63 - 3, 2**63 - 2, 2**63 - 1]),
        (0.05, 0.31, Kind.FLOAT, 4, [0.0, 0.1, 0.2, 0.3]),
        (0.1, 0.1, Kind.FLOAT, 4, [0.1]),
        (1.0, 1.0 + sys.float_info.epsilon, Kind.FLOAT, 2, [1.0, 1.0 + sys.float_info.epsilon]),
        (-sys.float_info.max, sys.float_info.max, Kind.FLOAT, 2, [-sys.float_info.max, 0.0]),
    ],
)
def test_ranges_begin_at_round_values(
    least: Scalar, greatest: Scalar, kind: Kind, most: int, expected: list[Scalar]
) -> None:
    assert list(starts(least, greatest, kind, most)) == expected


@pytest.mark.parametrize(
    ("first", "last", "most", "expected"),
    [
        ("2020-02-28", "2020-03-01", 9, "2020-02-28 2020-02-29 2020-03-01"),
        ("2026-11-26", "2026-12-08", 3, "2026-11-23 2026-11-30 2026-12-07"),
        ("2025-11-26", "2026-01-08", 3, "2025-11-01 2025-12-01 2026-01-01"),
        ("2025-11-26", "2026-05-08", 3, "2025-10-01 2026-01-01 2026-04-01"),
        ("2019-11-26", "2026-05-08", 4, "2015-01-01 2020-01-01 2025-01-01"),
        ("0001-01-01", "9999-12-31", 2, "0001-01-01 5000-01-01"),
    ],
)
def test_ranges_of_dates_begin_with_a_day_a_week_a_month_or_a_year(
    first: str, last: str, most: int, expected: str
) -> None:
    found = starts(f"{first}T12:00:00.000Z", f"{last}T00:00:00.001Z", Kind.DATE, most)
    assert [str(start).removesuffix(MIDNIGHT) for start in found] == expected.split()


def check(least: Scalar, greatest: Scalar, kind: Kind, most: int) -> None:
    """The ranges hold both ends, there are not too many of them, and a field can hold where they begin."""
    found = starts(least, greatest, kind, most)
    assert 1 <= len(found) <= most
    assert found[0] <= least and found[-1] <= greatest  # type: ignore[operator]
    assert all(one < other for one, other in pairwise(found))  # type: ignore[operator]
    assert [fitted_value(start, FieldType(kind)) for start in found] == list(found)
    assert len(found) == 1 or found[1] > least  # type: ignore[operator]


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.tuples(*[st.integers(INTEGERS.start, INTEGERS.stop - 1)] * 2), MOST)
def test_ranges_of_integers_hold_all_values(ends: tuple[int, int], most: int) -> None:
    check(min(ends), max(ends), Kind.INTEGER, most)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2), MOST)
def test_ranges_of_floats_hold_all_values(ends: tuple[float, float], most: int) -> None:
    check(min(ends) + 0.0, max(ends) + 0.0, Kind.FLOAT, most)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.tuples(*[st.datetimes()] * 2), MOST)
def test_ranges_of_dates_hold_all_values(ends: tuple[object, object], most: int) -> None:
    texts = sorted(str(fitted_value(end, FieldType(Kind.DATE))) for end in ends)  # type: ignore[arg-type]
    check(texts[0], texts[1], Kind.DATE, most)

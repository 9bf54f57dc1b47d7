"""Where the ranges of a histogram begin: at round numbers, days, weeks, months and years. Knows no backend."""

import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext
from itertools import count, takewhile

from lookalike.filters import Scalar
from lookalike.metadata import INTEGERS, Kind

#: Numbers on both sides of 0 have two ranges at least.
FEWEST = 2
#: More than the digits of a float, and of how far two integers lie apart.
_DIGITS = 60
_MIDNIGHT = "T00:00:00.000Z"
#: How many months a range of dates has, if it is longer than a week: the last one is all that a date can be.
_MONTHS = (1, 3, *(12 * times * 10**zeros for zeros in range(4) for times in (1, 2, 5)), 120_000)


def starts(least: Scalar, greatest: Scalar, kind: Kind, most: int) -> Sequence[Scalar]:
    """Where at most `most` (2 or more) ranges begin that hold all values from the least to the greatest. A range ends
    where the next one begins; the last one has no end."""
    if least == greatest:
        return [least]
    if kind is Kind.DATE:
        return _dates(_day(least), _day(greatest), most)
    return _numbers(Decimal(least), Decimal(greatest), most, is_whole=kind is Kind.INTEGER)


def _numbers(least: Decimal, greatest: Decimal, most: int, *, is_whole: bool) -> list[Scalar]:
    with localcontext(prec=_DIGITS):
        for step in _steps((greatest - least) / most, is_whole=is_whole):
            first = (least / step).to_integral_value(ROUND_FLOOR) * step
            if first + most * step > greatest:
                break
        found = [*takewhile(lambda start: start <= greatest, (first + number * step for number in range(most)))]
    # The first one may be less than a field can hold, and neighbours of many digits may be one float.
    if is_whole:
        return [max(INTEGERS.start, int(start)) for start in found]
    return list(dict.fromkeys(max(-sys.float_info.max, float(start)) for start in found))


def _steps(width: Decimal, *, is_whole: bool) -> Iterator[Decimal]:
    """Round numbers from this width on: 1, 2 and 5 times powers of ten."""
    for zeros in count(width.adjusted()):
        for times in (1, 2, 5):
            step = Decimal(times).scaleb(zeros)
            if step >= width and (step >= 1 or not is_whole):
                yield step


def _dates(first: date, last: date, most: int) -> list[str]:
    monday = first - timedelta(days=first.weekday())
    for day, days in ((first, 1), (monday, 7)):
        if (last - day).days < most * days:
            every = range(day.toordinal(), last.toordinal() + 1, days)
            return [date.fromordinal(number).isoformat() + _MIDNIGHT for number in every]
    begin, end = _month(first), _month(last)
    months = next(step for step in _MONTHS if end - begin // step * step < most * step)
    # There is no year 0.
    firsts = (max(12, month) for month in range(begin // months * months, end + 1, months))
    return [f"{month // 12:04}-{month % 12 + 1:02}-01{_MIDNIGHT}" for month in firsts]


def _day(moment: Scalar) -> date:
    """The day of a date as it is stored."""
    return date.fromisoformat(str(moment)[:10])


def _month(day: date) -> int:
    """Its number since the year 0."""
    return 12 * day.year + day.month - 1

"""Ratios are of sides that were measured together."""

import pytest

from benchmarks.table import console, print_rates


def test_a_ratio_of_unequal_rounds_is_refused() -> None:
    with console.capture() as printed, pytest.raises(ValueError):
        print_rates("t", "images/s", {"ours": [2.0, 4.0], "theirs": [1.0]}, baseline="theirs")
    assert printed.get() == ""


def test_a_ratio_is_taken_round_by_round_and_not_of_medians() -> None:
    with console.capture() as printed:
        print_rates("t", "images/s", {"ours": [8.0, 30.0, 10.0], "theirs": [1.0, 10.0, 5.0]}, baseline="theirs")
    row = next(line.split() for line in printed.get().splitlines() if line.split()[:1] == ["ours"])
    assert row[1:] == ["10.0", "8.0", "30.0", "3", "3.00", "2.00", "8.00"]

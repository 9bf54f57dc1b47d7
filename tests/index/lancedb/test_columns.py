"""The values of columns are counted, of a list each one once."""

import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from lookalike.index.lancedb.columns import SHORT, counted


def found(values: Any, *, is_list: bool) -> dict[Any, int]:
    rows = counted(values, is_list=is_list).to_pylist()
    return {row["values"]: row["counts"] for row in rows}


@pytest.mark.parametrize("longest", [0, 1, 2, SHORT, SHORT + 1, 60])
@pytest.mark.parametrize("kind", [str, int, float, bool])
def test_each_value_of_a_list_counts_once(longest: int, kind: type) -> None:
    dice = random.Random(longest)
    lists = [[kind(dice.randrange(5)) for _ in range(dice.randint(0, longest))] for _ in range(200)]
    column = pa.array([[kind(9)], *lists], pa.list_(pa.array([kind(1)]).type))[1:]
    assert found(column, is_list=True) == Counter(value for each in lists for value in set(each))
    flat = [value for each in lists for value in each]
    assert found(pa.array(flat, column.type.value_type), is_list=False) == Counter(flat)

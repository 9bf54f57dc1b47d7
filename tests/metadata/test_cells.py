"""Lists and missing values, as programs write them in tables."""

import numpy as np
import pandas as pd
import pytest

from lookalike.metadata import (
    FieldType,
    Kind,
    coerced,
    field_type,
)


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ("a, b", ["a", "b"]),
        ("red car | blue car", ["red car", "blue car"]),
        ('["a", "b, c", "it\'s"]', ["a", "b, c", "it's"]),
        ("['a', 'b, c', \"it's\"]", ["a", "b, c", "it's"]),
        ('["say \\"hi\\""]', ['say "hi"']),
        ("[1, 2.5]", ["1", "2.5"]),
        (r'["caf\u00e9", null, ""]', ["café"]),
        ("[" * 3000 + "]" * 3000, ["[" * 3000 + "]" * 3000]),
        ("[sic], b", ["[sic]", "b"]),
        ("[]", None),
        (" , ", None),
    ],
)
def test_a_list_in_a_cell_is_read_however_programs_write_it(given: str, held: list[str] | None) -> None:
    assert coerced(given, field_type("list")) == held


def test_missing_values_of_other_libraries_are_missing() -> None:
    for nothing in (np.float32("nan"), float("nan"), pd.NaT, pd.NA, None):
        assert [coerced(nothing, FieldType(kind)) for kind in Kind] == [None] * len(Kind)

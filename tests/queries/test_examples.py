"""Stored examples as text, as addresses have them."""

import pytest

from lookalike.errors import BadQuery
from lookalike.queries.examples import Stored, Upload, is_decoded, parse_stored
from lookalike.queries.region import Region

ID = "0a" * 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ID, Stored(ID)),
        (f"2:{ID}", Stored(ID, 2)),
        (f"-0.5:{ID}", Stored(ID, -0.5)),
        (f"{ID}@1,2,3,4", Stored(ID, region=Region(1, 2, 3, 4))),
        (f"0.25:{ID}@pct:0,0,50,12.5", Stored(ID, 0.25, Region(0, 0, 50, 12.5, is_percent=True))),
        # Whether there is such an id is not for the text to say.
        ("x", Stored("x")),
    ],
)
def test_an_example_is_read(text: str, expected: Stored) -> None:
    assert parse_stored(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "@", "2:", f":{ID}", f"{ID}@", f"{ID}@1,2,3", f"{ID}@1,2,0,4", f"{ID}@x@y", "@1,2,3,4"),
        *(
            f"{weight}:{ID}"
            for weight in ("nan", "inf", "1e3", "+2", " 2", "0x1", "\u0662", "1_0", "--1", "1:2", "pct")
        ),
        f"1{'0' * 200}:{ID}",
    ],
)
def test_what_is_no_example_is_refused(text: str) -> None:
    with pytest.raises(BadQuery) as raised:
        parse_stored(text)
    assert len(str(raised.value).splitlines()) == 2


def test_what_has_a_region_is_decoded() -> None:
    assert [is_decoded(example) for example in (Stored(ID), Stored(ID, region=Region(0, 0, 1, 1)), Upload(b""))] == [
        False,
        True,
        True,
    ]

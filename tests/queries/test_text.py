"""Texts that a search takes as examples."""

import pytest

from lookalike.errors import BadQuery
from lookalike.queries.text import MAX_TEXT, checked_text


def test_a_text_is_taken_without_the_space_around_it() -> None:
    assert checked_text("  rote Äpfel 🍎\n") == "rote Äpfel 🍎"
    assert checked_text("x" * MAX_TEXT) == "x" * MAX_TEXT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "says nothing"),
        (" \n\t", "says nothing"),
        ("x" * (MAX_TEXT + 1), "2,001 characters is too long"),
        ("x" * 100_000, "100,000 characters is too long"),
        ("red \ud800", "not valid Unicode"),
    ],
)
def test_a_text_that_cannot_be_searched_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(BadQuery, match=said):
        checked_text(text)

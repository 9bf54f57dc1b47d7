"""The type of a field that nobody declared."""

from lookalike.metadata import (
    joined_type,
    type_of,
)


def test_undeclared_values_say_their_type() -> None:
    assert [str(type_of(value)) for value in ("a", 1, 1.5, True, [1], [])] == [
        "keyword",
        "integer",
        "float",
        "boolean",
        "integer[]",
        "keyword[]",
    ]


def test_the_values_of_a_field_that_nobody_declared_are_joined_in_one_type() -> None:
    joined = {
        "float": [1, 2.5],
        "keyword": [1, "a"],
        "text": ["a", "x" * 9000],
        "keyword[]": ["a", ["b"], []],
        "float[]": [[1], 2.5],
        "boolean": [True, False],
    }
    for type, values in joined.items():
        assert str(joined_type(values)) == type  # type: ignore[arg-type]


def test_sentences_are_text_where_nobody_says_what_they_are() -> None:
    assert str(joined_type(["a cat"], "caption")) == str(joined_type(["a cat"], "Title")) == "text"
    assert str(joined_type([1], "caption")) == "integer" and str(joined_type(["a"], "brand")) == "keyword"

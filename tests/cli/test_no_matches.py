"""A search that finds nothing names the label that was probably meant."""

from unicodedata import normalize

from lookalike_cli.no_matches import similar


def test_a_label_that_is_spelt_or_encoded_in_another_way_is_suggested() -> None:
    assert similar("churhc", ["mosque", "church"]) == " Did you mean --filter label=church?"
    stored = normalize("NFD", "caf\u00e9 noir")
    said = similar("caf\u00e9 noir", ["mosque", stored])
    assert f"'label={stored}'" in said and "another Unicode form" in said
    assert similar("xyz", ["mosque"]) == similar("mosque", ["mosque"]) == ""

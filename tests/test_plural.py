"""Counts with their nouns."""

from lookalike.plural import counted


def test_a_count_has_the_right_form_of_its_noun() -> None:
    assert [counted(count, "split") for count in (0, 1, 2)] == ["0 splits", "1 split", "2 splits"]
    assert counted(1, "process", "processes") == "1 process"
    assert counted(2000, "process", "processes") == "2,000 processes"

"""The report on duplicates as a page."""

from lookalike.duplicates import Group, Member
from lookalike_evaluation.duplicates_page import render


def test_the_page_shows_a_group_and_escapes_its_names() -> None:
    member = Member("1", "/<script>", None, "a", width=640, height=480)
    html = render("images", 2, [Group((member, member), True, 1.0, "1", "1", "path")], lambda uri: None)
    assert "<script>" not in html and html.count("&lt;script&gt; (640 x 480)") == 2

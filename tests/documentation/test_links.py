"""Every link of the documentation leads to a file and an anchor of the repository."""

from documentation.check import faults
from documentation.links import anchors_of, links_of


def test_every_link_leads_somewhere() -> None:
    assert list(faults()) == []


def test_code_has_no_links() -> None:
    text = "a [b](c.md) `[d](e.md)`\n\n    [f](g.md)\n\n```\n[h](i.md)\n```\n![j](k.png)\n"
    assert [(link.line, link.target) for link in links_of(text)] == [(1, "c.md"), (8, "k.png")]


def test_anchors_are_those_of_headings() -> None:
    assert anchors_of("# A & b: `c`\n\n## What's new?\n\n```\n# no\n```\n") == {"a--b-c", "whats-new"}

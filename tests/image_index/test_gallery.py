"""The gallery of a notebook escapes every text."""

from html.parser import HTMLParser

from lookalike import Match, Matches
from lookalike.image_index.gallery import MOST_SHOWN

HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202egpj.exe"


class Tags(HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attributes}


def matches(count: int) -> Matches:
    found = [Match(str(number), f"/{HOSTILE}/{HOSTILE}.jpg", HOSTILE, 0.5) for number in range(count)]
    return Matches(found, thumbnail=lambda _: b"\xff\xd8 not shown by this test")


def test_labels_and_paths_are_escaped() -> None:
    html = matches(2)._repr_html_()
    assert Tags(html).seen == {"div", "figure", "img", "figcaption", "b", "br"}
    assert Tags(html).attributes == {"style", "title", "src", "alt"}
    assert "onerror=alert(1)&gt;" in html and "\u202e" not in html


def test_the_size_is_bounded() -> None:
    html = matches(MOST_SHOWN + 7)._repr_html_()
    assert html.count("<figure") == MOST_SHOWN and "7 more" in html


def test_a_missing_image_is_replaced_by_a_note() -> None:
    assert "cannot be shown" in Matches([Match("1", "/gone.jpg", None, 0.5)])._repr_html_()


def test_an_empty_result_has_no_gallery() -> None:
    assert Matches([])._repr_html_() == "<div>No matches.</div>" and not Matches([])


def test_matches_are_a_sequence() -> None:
    found = matches(3)
    assert (len(found), found[0].id, [match.id for match in found[1:]]) == (3, "0", ["1", "2"])
    assert found == matches(3) and found != matches(2) and len(repr(found).splitlines()) == 4

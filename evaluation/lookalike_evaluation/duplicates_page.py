"""The page that shows groups of duplicates as pictures; finds none itself."""

from collections.abc import Iterator, Sequence

from lookalike_evaluation.duplicates import Group
from lookalike_evaluation.page import note, page, picture
from lookalike_evaluation.thumbnails import Thumbnail

#: Groups and pictures of a group that are shown; the command's JSON has all.
MOST_GROUPS = 200
MOST_PICTURES = 24


def render(index: str, pictures: int, groups: Sequence[Group], thumbnail: Thumbnail) -> str:
    """The whole page, as HTML."""
    return page(f"Duplicates in index {index}", _body(pictures, groups, thumbnail))


def describe(group: Group) -> str:
    """A group in a few words."""
    size = len(group.members)
    return (
        f"{size:,} identical pictures" if group.is_identical else f"{size:,} pictures, score {group.score:.3f} or more"
    )


def _body(pictures: int, groups: Sequence[Group], thumbnail: Thumbnail) -> Iterator[str]:
    yield note(f"{len(groups):,} groups among {pictures:,} pictures.")
    if len(groups) > MOST_GROUPS:
        yield note(f"The {MOST_GROUPS} largest are shown; `lookalike duplicates --json` lists all.")
    for group in groups[:MOST_GROUPS]:
        yield f"<h3>{describe(group)}</h3>"
        shown = (picture(thumbnail(member.uri), member.uri) for member in group.members[:MOST_PICTURES])
        yield f'<div class="answer">{"".join(shown)}</div>'

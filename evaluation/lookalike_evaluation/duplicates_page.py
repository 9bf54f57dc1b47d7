"""Renders groups of duplicates as an HTML page."""

from collections.abc import Iterator, Sequence

from lookalike.duplicates import Group, Member
from lookalike.plural import counted
from lookalike_evaluation.page import note, page, thumbnail_figure
from lookalike_evaluation.thumbnails import Thumbnail

#: Groups shown, and images shown of each group; the JSON has all of them.
MOST_GROUPS = 200
MOST_IMAGES = 24


def render(index: str, images: int, groups: Sequence[Group], thumbnail: Thumbnail) -> str:
    """Return the whole page as HTML."""
    return page(f"Duplicates in index {index}", _body(images, groups, thumbnail))


def describe(group: Group) -> str:
    """Describe a group in a few words."""
    size = len(group.members)
    if group.is_identical:
        return counted(size, "identical image")
    return f"{size:,} images, each with a score of {group.score:.3f} or higher with the centre of the group"


def _body(images: int, groups: Sequence[Group], thumbnail: Thumbnail) -> Iterator[str]:
    yield note(f"{counted(len(groups), 'group')} among {counted(images, 'image')}.")
    if len(groups) > MOST_GROUPS:
        yield note(f"This page shows the first {MOST_GROUPS}; `lookalike duplicates --json` lists all.")
    for group in groups[:MOST_GROUPS]:
        yield f"<h3>{describe(group)}</h3>"
        shown = (_figure(group, member, thumbnail) for member in group.members[:MOST_IMAGES])
        yield f'<div class="answer">{"".join(shown)}</div>'


def _figure(group: Group, member: Member, thumbnail: Thumbnail) -> str:
    size = f"{member.width} x {member.height}"
    kept = "keep: " if member.id == group.keep else ""
    return thumbnail_figure(thumbnail(member.uri), f"{kept}{member.uri} ({size})")

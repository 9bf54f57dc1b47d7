"""Renders groups of duplicates as an HTML page."""

from collections.abc import Iterator, Sequence

from lookalike.plural import counted
from lookalike_evaluation.duplicates import Group
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
    return f"{size:,} images, score {group.score:.3f} or higher"


def _body(images: int, groups: Sequence[Group], thumbnail: Thumbnail) -> Iterator[str]:
    yield note(f"{counted(len(groups), 'group')} among {counted(images, 'image')}.")
    if len(groups) > MOST_GROUPS:
        yield note(f"This page shows the {MOST_GROUPS} largest; `lookalike duplicates --json` lists all.")
    for group in groups[:MOST_GROUPS]:
        yield f"<h3>{describe(group)}</h3>"
        shown = (thumbnail_figure(thumbnail(member.uri), member.uri) for member in group.members[:MOST_IMAGES])
        yield f'<div class="answer">{"".join(shown)}</div>'

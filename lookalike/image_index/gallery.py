"""Shows matches as HTML in a notebook: self-contained, without scripts, with escaped texts, and of limited size."""

from base64 import b64encode
from collections.abc import Callable, Sequence

from lookalike.records import Match
from lookalike.shown import as_html

#: Longest side of a thumbnail in pixels, and how many matches are shown: together well under a megabyte.
THUMBNAIL_SIZE = 160
MOST_SHOWN = 50
#: Longer labels and paths are cut; the tooltip has up to LONGEST_TITLE characters.
LONGEST_TEXT = 60
LONGEST_TITLE = 1000

_GALLERY = "display:flex;flex-wrap:wrap;gap:12px"
_FIGURE = f"margin:0;width:{THUMBNAIL_SIZE}px;font:12px sans-serif;overflow-wrap:anywhere"
_FRAME = (
    f"width:{THUMBNAIL_SIZE}px;height:{THUMBNAIL_SIZE}px;display:flex;align-items:center;justify-content:center;"
    "background:rgba(128,128,128,.15)"
)


def html(matches: Sequence[Match], thumbnail: Callable[[Match], bytes | None]) -> str:
    """The matches side by side with score, label and path. `thumbnail` gives a JPEG, or None."""
    if not matches:
        return "<div>No matches.</div>"
    figures = "".join(_figure(match, thumbnail(match)) for match in matches[:MOST_SHOWN])
    more = len(matches) - MOST_SHOWN
    rest = f"<div>... and {more:,} more</div>" if more > 0 else ""
    return f'<div style="{_GALLERY}">{figures}</div>{rest}'


def _figure(match: Match, jpeg: bytes | None) -> str:
    caption = f"{match.score:.3f}" + (f" <b>{_text(match.name)}</b>" if match.name else "")
    return (
        f'<figure style="{_FIGURE}" title="{_title(match.uri)}"><div style="{_FRAME}">{_image(match, jpeg)}</div>'
        f"<figcaption>{caption}<br>{_text(match.uri.rpartition('/')[2])}</figcaption></figure>"
    )


def _image(match: Match, jpeg: bytes | None) -> str:
    if jpeg is None:
        return "<span>cannot be shown</span>"
    source = f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
    return f'<img src="{source}" alt="{_title(match.name or "")}" style="max-width:100%;max-height:100%">'


def _text(text: str) -> str:
    return as_html(_cut(text, LONGEST_TEXT))


def _title(text: str) -> str:
    return as_html(_cut(text, LONGEST_TITLE))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}\u2026"

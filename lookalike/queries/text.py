"""Which texts can be examples of a search."""

from lookalike.errors import BadQuery
from lookalike.plural import counted
from lookalike.shown import shown
from lookalike.unicode import is_unicode

#: Characters of a text: several times as many as any text encoder looks at.
MAX_TEXT = 2000


def checked_text(text: str) -> str:
    """The text, without space around it. Raises BadQuery for one that is empty, too long or not valid Unicode."""
    if len(text) > MAX_TEXT:
        raise BadQuery(
            f"A text of {counted(len(text), 'character')} is too long.", f"Write {MAX_TEXT:,} characters at most."
        )
    if not is_unicode(text):
        raise BadQuery(f"The text {shown(text)} is not valid Unicode.", "Give another text.")
    if not text.strip():
        raise BadQuery("An empty text says nothing.", "Write what the images show.")
    return text.strip()

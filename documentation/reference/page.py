"""The parts of a generated page, as Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

RENEW = "make reference"
#: The first line of each page, for whoever opens it in an editor.
MARK = f"<!-- Generated from the code: change the code, then run `{RENEW}`. -->"


class MeaningMissing(Exception):
    """Something that users meet is not explained; the message says where to write it."""


@dataclass(frozen=True)
class Page:
    """One file of docs/reference: its name, what the list of pages says of it, and its text without the title."""

    name: str
    title: str
    summary: str
    text: str

    def markdown(self) -> str:
        """The whole file."""
        return f"{MARK}\n\n# {self.title}\n\n{self.text.strip()}\n"


def meaning(text: str | None, what: str, where: str) -> str:
    """The text in one line. Raises MeaningMissing without one."""
    if not (words := (text or "").split()):
        raise MeaningMissing(f"{what} has no meaning: write it in {where}.")
    return " ".join(words)


def sections(*parts: str) -> str:
    """Parts of a page, with an empty line between them; empty ones are left out."""
    return "\n\n".join(part.strip() for part in parts if part.strip())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty without rows."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    if not cells:
        return ""
    lines = [list(head), ["---"] * len(head), *cells]
    return "\n".join("| " + " | ".join(line).strip() + " |" for line in lines)


def code(text: object) -> str:
    """A value as code; empty if it is empty."""
    return f"`{text}`" if str(text) else ""


def listed(values: Iterable[object]) -> str:
    """Values as code, separated by commas."""
    return ", ".join(code(value) for value in values)


def block(text: str, language: str = "sh") -> str:
    """A block of code."""
    return f"```{language}\n{text.strip()}\n```"


def sentence(text: str) -> str:
    """The text with a capital at its start and a full stop at its end."""
    capital = text[:1].upper() + text[1:]
    return capital if not text or capital.endswith((".", "?", "!", ":")) else f"{capital}."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

"""The commands of docs/operations.md, section by section; runs none of them."""

import re
from dataclasses import dataclass

from testing.processes import ROOT

PAGE = ROOT / "docs" / "operations.md"
#: The first line of a block that no test can run.
NEEDS = re.compile(r"# needs (Docker|a cluster|the network)\b")
_PIECE = re.compile(r"^## (?P<title>[^\n]+)$|^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Commands that stand together under a title; `needs` is what this machine may lack, if anything."""

    section: str
    text: str
    needs: str

    @property
    def commands(self) -> list[str]:
        """One a line; what ends with a backslash goes on."""
        return [line for line in self.text.replace("\\\n", "").splitlines() if line.strip()]


def blocks() -> list[Block]:
    """In the page's order. Raises ValueError for a block in a language that is neither commands nor a file."""
    section, found = "", []
    for piece in _PIECE.finditer(PAGE.read_text()):
        if piece["title"]:
            section = piece["title"]
        elif piece["language"] == "sh":
            needs = NEEDS.match(piece["text"])
            found.append(Block(section, piece["text"], needs[1] if needs else ""))
        elif piece["language"] not in ("ini", "text"):
            raise ValueError(f"what is a block of {piece['language']!r}?")
    return found

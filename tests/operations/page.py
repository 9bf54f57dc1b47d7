"""Reads the commands of docs/operations.md, section by section."""

import re
from dataclasses import dataclass

from testing.processes import ROOT

PAGE = ROOT / "docs" / "operations.md"
#: The first line of a block that tests cannot run.
NEEDS = re.compile(r"# needs (Docker|a cluster|the network)\b")
_PIECE = re.compile(r"^## (?P<title>[^\n]+)$|^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """The commands of one block under a title; `needs` names what this machine may lack, if anything."""

    section: str
    text: str
    needs: str

    @property
    def snapshots(self) -> bool:
        """Whether it needs an OpenSearch whose `path.repo` is set."""
        return "_snapshot" in self.text

    @property
    def commands(self) -> list[str]:
        """One per line; a backslash continues a line."""
        return [line for line in self.text.replace("\\\n", "").splitlines() if line.strip()]


def blocks() -> list[Block]:
    """In the order of the page. Raises ValueError for a block in an unknown language."""
    section, found = "", []
    for piece in _PIECE.finditer(PAGE.read_text()):
        if piece["title"]:
            section = piece["title"]
        elif piece["language"] == "sh":
            needs = NEEDS.match(piece["text"])
            found.append(Block(section, piece["text"], needs[1] if needs else ""))
        elif piece["language"] not in ("ini", "text"):
            raise ValueError(f"unknown language {piece['language']!r}")
    return found

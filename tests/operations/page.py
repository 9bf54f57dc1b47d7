"""Reads the commands of docs/operations.md, section by section."""

import re
from dataclasses import dataclass

from documentation.snippets.block import blocks as blocks_of
from testing.processes import ROOT

PAGE = ROOT / "docs" / "operations.md"
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """The commands of one block under a title; `needs` says what this machine may lack, if anything."""

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
    """In the order of the page."""
    text = PAGE.read_text()
    found = [block for block in blocks_of(str(PAGE.relative_to(ROOT)), text) if block.language == "sh"]
    return [Block(_section(text, block.line), block.text, block.mark.not_run) for block in found]


def _section(text: str, line: int) -> str:
    """The last title above a line."""
    titles: list[str] = _SECTION.findall("\n".join(text.splitlines()[:line]))
    return titles[-1]

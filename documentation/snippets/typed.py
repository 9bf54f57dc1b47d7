"""What a reader types: the commands of a block of a shell, each with the output that the page shows."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from documentation.snippets.block import Block

PROMPT, CONTINUED = "$ ", "> "
#: What stands for the rest of a line, or is no plain command: pipes, variables and the like are left to the shell.
_SHELL = re.compile(r"\.\.\.|[|;$─<]|\\$|&$")
_LOOKALIKE = re.compile(r"(?:^|\|\s*|&& )(?:\.venv/bin/)?lookalike ([a-z-].*)$")


@dataclass(frozen=True)
class Typed:
    """`shown` is None where the page shows no output, because its block is not a `console`."""

    command: str
    shown: str | None = None


def typed(block: Block) -> list[Typed]:
    """The commands of a `console` or `sh` block. Raises ValueError for a `console` block that begins with no prompt."""
    if block.language == "sh":
        return [Typed(command) for command in _joined(block.text)]
    return list(_transcript(block))


def _transcript(block: Block) -> Iterator[Typed]:
    command, shown, is_open = "", list[str](), False
    for line in block.text.splitlines():
        if line.startswith(PROMPT):
            if command:
                yield Typed(command, "\n".join(shown))
            command, shown, is_open = line.removeprefix(PROMPT), [], True
        elif is_open and line.startswith(CONTINUED):
            command += "\n" + line.removeprefix(CONTINUED)
        elif not command:
            raise ValueError(f"{block.place}: the first line of a console must begin with `{PROMPT}`.")
        else:
            shown, is_open = [*shown, line], False
    yield Typed(command, "\n".join(shown))


def _joined(text: str) -> Iterator[str]:
    """The lines of a script; a backslash continues one."""
    for line in text.replace("\\\n", "").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def invocations(block: Block) -> Iterator[list[str]]:
    """The words after `lookalike` of each plain command of the block, whatever its language."""
    if block.language not in ("console", "sh"):
        return
    for each in typed(block):
        for line in each.command.replace("\\\n", "").splitlines():
            found = _LOOKALIKE.search(line)
            if found and not _SHELL.search(found[1].partition(" #")[0]):
                yield shlex.split(found[1], comments=True)

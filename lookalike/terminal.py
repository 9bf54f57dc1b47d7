"""The console that everything for people is printed to: texts as they are, without markup, emoji codes or escapes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleOptions
from rich.text import Text

from lookalike.errors import PermanentError
from lookalike.shown import visible

#: Columns of characters in a pipe or a file: no table is that wide, so none is folded.
UNFOLDED = 1_000_000


class Output(Console):
    """Prints tables, folded only on a terminal, where they would not fit, and lines of text.

    Square brackets and `:cat:` stay as they are, because a file may be called anything.
    """

    def __init__(self, *, force_terminal: bool | None = None, **options: Any) -> None:
        shared: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False, "soft_wrap": True}
        super().__init__(force_terminal=force_terminal, **shared, **options)
        self._forced = force_terminal

    @property
    def options(self) -> ConsoleOptions:
        options = super().options
        return options if self._is_screen else options.update_width(UNFOLDED)

    @property
    def is_animated(self) -> bool:
        """Whether a bar can be drawn again and again: not in a pipe, and not on a terminal that cannot go back."""
        return self._is_screen and self.is_terminal and not self.is_dumb_terminal

    @property
    def is_dumb_terminal(self) -> bool:
        # Without TERM nobody knows what the terminal understands.
        return super().is_dumb_terminal or not self._environ.get("TERM")

    @property
    def _is_screen(self) -> bool:
        """Whether somebody looks at it. FORCE_COLOR, which many CI systems set, asks for colours and nothing else."""
        return self.file.isatty() if self._forced is None else self._forced

    def print(self, *objects: Any, **options: Any) -> None:
        with writing():
            super().print(*objects, **options)

    def say(self, text: str = "", *, style: str = "") -> None:
        """Print one line, whatever the text contains."""
        self.print(Text(visible(text), style))


@contextmanager
def writing() -> Iterator[None]:
    """Around writes to stdout: raises PermanentError if they fail, and BrokenPipeError if the reader has gone."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        forget_output()
        raise PermanentError(
            f"The output cannot be written: {error.strerror}.", "Write it to another place."
        ) from error


def forget_output() -> None:
    """Send what is left of the output nowhere: otherwise Python reports at its end that it cannot be written."""
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())

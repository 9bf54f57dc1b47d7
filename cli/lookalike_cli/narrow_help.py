"""The help on a narrow terminal: a list, in which no name of an option is cut, instead of tables in frames."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from lookalike_cli.console import results

#: Typer's tables cut names, and fold their explanations to single words, on fewer columns.
LEAST_COLUMNS = 72
#: On fewer, not even words fit; the terminal continues the lines itself.
LEAST_WIDTH = 20
#: Columns before an explanation, which begins below the name that it explains.
INDENT = 4


def is_narrow() -> bool:
    """Also if a pager shows the help: the library measures the terminal, or asks COLUMNS."""
    return results.width < LEAST_COLUMNS


class NarrowHelp:
    """Mixed into Typer's commands and groups: their help fits the terminal."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with _plain(self, formatter):
            super().format_help(ctx, formatter)  # type: ignore[misc]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Only called on a narrow terminal. The library cuts the summaries where a line ends."""
        group: Any = self
        commands = [(name, group.get_command(ctx, name)) for name in group.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help.partition("\n\n")[0]) for name, command in commands if command])


@contextmanager
def _plain(command: Any, formatter: Any) -> Iterator[None]:
    """On a narrow terminal: make the help without tables, in the formatter, and print it at the end."""
    if not is_narrow():
        yield
        return
    formatter.width = max(results.width, LEAST_WIDTH)
    formatter.write_dl = partial(formatter.write_dl, col_max=INDENT - 2)
    mode, command.rich_markup_mode = command.rich_markup_mode, None
    try:
        yield
    finally:
        command.rich_markup_mode = mode
    for line in formatter.getvalue().splitlines():
        results.say(line)
    results.say()
    formatter.buffer.clear()

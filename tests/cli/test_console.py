"""What tables print: every character of a file's name, and no markup from it."""

import io

from rich.console import Console

from lookalike_cli.console import table


def test_a_name_that_looks_like_markup_is_printed_as_it_is() -> None:
    names = ["a[/b].jpg", "[red]x.jpg", "[link=file:///etc]y", r"\\[z"]
    output = io.StringIO()
    Console(file=output, width=80).print(table("image", rows=[(name,) for name in names]))
    assert [line.strip() for line in output.getvalue().splitlines()] == ["image", *names]

"""What tables print: every character of a name, no markup from it, and no folds in a pipe."""

import io

from rich.console import Console

from lookalike_cli.console import Output, table


def test_a_name_that_looks_like_markup_is_printed_as_it_is() -> None:
    names = ["a[/b].jpg", "[red]x.jpg", "[link=file:///etc]y", r"\\[z"]
    output = io.StringIO()
    Console(file=output, width=80).print(table("image", rows=[(name,) for name in names]))
    assert [line.strip() for line in output.getvalue().splitlines()] == ["image", *names]


#: An id of a job, and a path that is wider than a terminal.
ROW = ("20260102-030405-abcdef012345", 7, "/pictures/" + "a long folder/" * 12 + "x.jpg")


def _printed(*, is_terminal: bool) -> str:
    output = io.StringIO()
    Output(file=output, width=80, soft_wrap=True, force_terminal=is_terminal, color_system=None).print(
        table("job", "images", "source", rows=[ROW])
    )
    return output.getvalue()


def test_a_table_in_a_pipe_is_not_folded() -> None:
    header, row = _printed(is_terminal=False).splitlines()
    assert header.split() == ["job", "images", "source"] and row.rstrip().endswith(ROW[2])


def test_a_table_on_a_terminal_folds_paths_but_not_the_ids_of_jobs() -> None:
    lines = _printed(is_terminal=True).splitlines()
    assert len(lines) > 2 and max(map(len, lines)) <= 80
    assert lines[1].startswith(ROW[0])

"""Progress through a known number of images: a bar on a terminal, one line at the start in a pipe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lookalike.plural import counted
from lookalike_cli.console import remark, remarks


@contextmanager
def progress_bar(verb: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that advances the progress by the number of images done."""
    if not remarks.is_animated:
        remark(f"{counted(total, 'image')} to {verb}.")
        yield lambda done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=remarks, transient=True) as bars:
        task = bars.add_task(verb, total=total)
        yield lambda done: bars.advance(task, done)

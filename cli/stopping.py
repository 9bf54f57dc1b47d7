"""An orderly stop: SIGTERM and SIGHUP end a command as Ctrl-C does, so that what it started ends with it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from cli.console import remark


@contextmanager
def stoppable(last_words: str) -> Iterator[None]:
    """Exit code 1 and `last_words` when the command is stopped from outside."""
    handlers = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        remark(last_words)
        raise typer.Exit(1) from None
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt

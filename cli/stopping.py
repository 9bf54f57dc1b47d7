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
        raise _ended(last_words) from None
    except ImportError as error:
        # What a library written in C++ makes of an interrupt in the middle of its import.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise _ended(last_words) from None
        raise
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _ended(last_words: str) -> typer.Exit:
    remark(last_words)
    return typer.Exit(1)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt

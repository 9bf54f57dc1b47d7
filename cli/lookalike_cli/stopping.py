"""An orderly stop: SIGTERM and SIGHUP end a command as Ctrl-C does, so that what it started ends with it."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from lookalike_cli.console import remark

#: After an interrupt that was lost: long enough for the finalizer to be left in which it would be lost again.
AGAIN_AFTER_S = 0.05


@contextmanager
def stoppable(last_words: str) -> Iterator[None]:
    """Exit code 1 and `last_words` when the command is stopped from outside."""
    handlers = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    unraisable, sys.unraisablehook = sys.unraisablehook, _interrupt_again
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
        sys.unraisablehook = unraisable
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _ended(last_words: str) -> typer.Exit:
    remark(last_words)
    return typer.Exit(1)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _interrupt_again(unraisable: Any) -> None:
    """An interrupt that happens to come while an object is finalized ends there, and the command would go on."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        main = threading.main_thread().ident or 0
        threading.Timer(AGAIN_AFTER_S, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(unraisable)

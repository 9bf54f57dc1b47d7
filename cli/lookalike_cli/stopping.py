"""Handles SIGTERM and SIGHUP like Ctrl-C, so that a stopped command ends the processes that it started."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from lookalike_cli.console import remark

#: Delay before a lost interrupt is sent again: the finalizer that swallowed it must have ended.
AGAIN_AFTER_S = 0.05


@contextmanager
def stoppable(last_words: str) -> Iterator[None]:
    """Print `last_words` and exit with code 1 when the command is interrupted."""
    handlers = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    unraisable, sys.unraisablehook = sys.unraisablehook, _interrupt_again
    try:
        yield
    except KeyboardInterrupt:
        raise _ended(last_words) from None
    except ImportError as error:
        # A C++ library turns an interrupt during its import into an ImportError.
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
    """Send an interrupt again that arrived in a finalizer: Python drops it there, and the command would go on."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        main = threading.main_thread().ident or 0
        threading.Timer(AGAIN_AFTER_S, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(unraisable)

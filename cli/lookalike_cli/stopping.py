"""Handles SIGTERM and SIGHUP like Ctrl-C, so that a stopped command ends the processes that it started."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from lookalike.exit_codes import ExitCode, code_of_signal
from lookalike_cli.console import remark

#: What a person, a terminal that closes, or an init system sends to end a command.
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Delay before a lost interrupt is sent again: the finalizer that swallowed it must have ended.
AGAIN_AFTER_S = 0.05


@contextmanager
def stoppable(last_words: str, *, is_endless: bool = False) -> Iterator[None]:
    """Print `last_words`, if any, and exit with the code of the signal when the command is interrupted.

    A command that `is_endless`, such as a server, has done its work then: its exit code is 0.
    """
    received: list[int] = []

    def interrupt(number: int, _: Any) -> None:
        received.append(number)
        raise KeyboardInterrupt

    def ended() -> typer.Exit:
        if last_words:
            remark(last_words)
        number = received[0] if received else signal.SIGINT
        return typer.Exit(ExitCode.SUCCESS if is_endless else code_of_signal(number))

    handlers = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    lost = _LostInterrupts()
    unraisable, sys.unraisablehook = sys.unraisablehook, lost.notice
    try:
        yield
    except KeyboardInterrupt:
        raise ended() from None
    except ImportError as error:
        # A C++ library turns an interrupt during its import into an ImportError.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise ended() from None
        raise
    finally:
        sys.unraisablehook = unraisable
        lost.forget()
        for number, handler in handlers.items():
            signal.signal(number, handler)


def ignore_interrupts() -> None:
    """The command has ended: an interrupt from here on, such as that of an impatient hand, changes nothing."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)


class _LostInterrupts:
    """Sends an interrupt again that arrived in a finalizer: Python drops it there, and the command would go on."""

    def __init__(self) -> None:
        self._timers: list[threading.Timer] = []

    def notice(self, unraisable: Any) -> None:
        """In place of `sys.unraisablehook`."""
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            main = threading.main_thread().ident or 0
            self._timers.append(threading.Timer(AGAIN_AFTER_S, signal.pthread_kill, (main, signal.SIGINT)))
            self._timers[-1].start()
        else:
            sys.__unraisablehook__(unraisable)

    def forget(self) -> None:
        """The command ends: one interrupt can be dropped in a finalizer and raised elsewhere as well."""
        for timer in self._timers:
            timer.cancel()

"""Starts the `lookalike` command: an interrupt that arrives while code is imported ends the process in silence.

Python would print a traceback, or lose the interrupt in a callback of the import. This module imports nothing else of
ours, so that hardly any time is left in which that happens.
"""

# Both are part of the interpreter: `signal` imports modules first, which takes longer than all else here.
import _signal as signal  # type: ignore[import-not-found]
import os


def main() -> None:
    """Import and run the command."""
    # A shell may have started it with interrupts ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    from lookalike_cli.main import main

    main()


def imported() -> None:
    """The code of the command is imported: an interrupt raises KeyboardInterrupt from here on."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, _: object) -> None:
    # Nothing has been done or printed yet.
    os._exit(128 + number)

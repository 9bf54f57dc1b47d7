"""The exit codes of commands: which there are, what each means, and which one an error has."""

from enum import IntEnum
from signal import SIGHUP, SIGINT, SIGPIPE, SIGTERM
from typing import Self

from lookalike.errors import BadSetting, LookalikeError, Unavailable

#: Added to the number of the signal that ends a command, as shells do.
SIGNALLED = 128


class ExitCode(IntEnum):
    """How a command ends: the same for all commands. `meaning` says it to people."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made

    SUCCESS = 0, "The command did what it was asked to do. An answer may be empty, and some images may be rejected."
    FAILURE = 1, "The command failed, or every image was rejected. The message says what to do."
    USAGE = 2, "An argument, an option or a setting is wrong. The message names it."
    DIFFERENT = 3, "A check found something: `verify` a difference, `doctor` a problem, `sources check` no image."
    UNAVAILABLE = 75, "A service, a store or a folder is away or busy. Run the same command again later."
    HUNG_UP = SIGNALLED + SIGHUP, "The terminal was closed (SIGHUP)."
    INTERRUPTED = SIGNALLED + SIGINT, "The command was interrupted with Ctrl-C (SIGINT)."
    CUT_OFF = SIGNALLED + SIGPIPE, "The program that reads the output ended first, as `head` does."
    TERMINATED = SIGNALLED + SIGTERM, "The command was told to end (SIGTERM)."


def code_of(error: LookalikeError) -> ExitCode:
    """The exit code of a command that ends with this error."""
    if isinstance(error, BadSetting):
        return ExitCode.USAGE
    return ExitCode.UNAVAILABLE if isinstance(error, Unavailable) else ExitCode.FAILURE


def code_of_signal(number: int) -> ExitCode:
    """The exit code of a command that SIGHUP, SIGINT, SIGPIPE or SIGTERM ends."""
    return next(code for code in ExitCode if code == SIGNALLED + number)

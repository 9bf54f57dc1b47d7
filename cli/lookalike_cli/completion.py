"""What a shell completes beside commands and options: the names of indexes. And how it gets the texts beside them."""

import os
import signal
import sys
from typing import Any

#: Set by the scripts of `--install-completion`.
VARIABLE = "_LOOKALIKE_COMPLETE"
#: Columns of a terminal on which no help text takes a second line.
WIDE = "9999"
#: After this time a shell gets no candidates: somebody waits at a line that shows nothing.
LIMIT_S = 5.0


def is_asked() -> bool:
    """Whether a shell has started this process to complete a line."""
    return bool(os.environ.get(VARIABLE))


def prepare() -> None:
    """Let no text be wrapped, print nothing but candidates, and end before somebody thinks that the shell hangs.

    fish takes the second line of a text for another candidate, and zsh takes none at all. What is on stderr stands in
    the middle of the line that is being typed.
    """
    os.environ["COLUMNS"] = WIDE
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)


def index_names(incomplete: str) -> list[str]:
    """The indexes whose names begin so; none if their home or server does not answer."""
    from lookalike import factories
    from lookalike.settings import read_settings

    try:
        names = factories.index_names(read_settings())
    except Exception:
        # Whatever it is, the command itself says it.
        return []
    return [name for name in names if name.startswith(incomplete)]


def _end(number: int, _: Any) -> None:
    # Candidates are printed at the end.
    os._exit(0)

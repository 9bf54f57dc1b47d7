"""Which of Keras's backends this process uses, said before Keras is imported. Imports no library."""

import sys

from lookalike import launch
from lookalike.errors import ModelUnavailable

#: The reference; the compiled graphs come from it.
DEFAULT = "tensorflow"
#: Where they are installed, Keras imports them for plots, tables and wrappers.
_FOR_EXTRAS = ("matplotlib", "pandas", "sklearn")
_chosen = DEFAULT


def use(backend: str) -> None:
    """Raises ModelUnavailable if Keras already runs on another backend in this process."""
    global _chosen
    if backend != _chosen and "keras" in sys.modules:
        what = f"Keras runs on {_chosen} in this process, and cannot change to {backend}."
        raise ModelUnavailable(what, "Start another process, or set one LOOKALIKE_RUNTIME.")
    _chosen = backend


def backend() -> str:
    return _chosen


def without_extras(*further: str) -> None:
    """Keras will not import packages that our models do not need, nor the `further` ones: half of its import's time.

    Only for programs of ours. In a program of somebody else Keras stays complete.
    """
    launch.leave_out(*_FOR_EXTRAS, *further)

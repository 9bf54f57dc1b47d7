"""Which of Keras's backends this process uses, said before Keras is imported. Imports no library."""

import sys

from lookalike.errors import ModelUnavailable

#: The reference; the compiled graphs come from it.
DEFAULT = "tensorflow"
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

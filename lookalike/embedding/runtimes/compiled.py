"""Keeps the graphs that JAX compiles on disk, and removes those that it cannot read."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import jax

log = logging.getLogger(__name__)

#: How JAX's warning begins. It compiles the graph then, but keeps the entry as it is, and would never replace it.
_UNREADABLE = "Error reading persistent compilation cache"


def keep(folder: Path) -> None:
    """Keep compiled graphs on disk; without a disk that takes them, each start compiles them anew."""
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@contextmanager
def unreadable_removed(folder: Path) -> Iterator[None]:
    """Remove all entries as soon as JAX cannot read one, such as half of one whose process was killed: what it compiles
    instead is kept then. One thread at a time."""
    shown = warnings.showwarning

    def removing(message: Warning | str, *rest: Any, **named: Any) -> None:
        if str(message).startswith(_UNREADABLE):
            log.warning("Compiled graphs in %s are damaged; they are removed, and compiled anew.", folder)
            _remove_entries(folder)
        shown(message, *rest, **named)

    with warnings.catch_warnings():
        warnings.filterwarnings("always", message=_UNREADABLE)
        warnings.showwarning = removing
        yield


def _remove_entries(folder: Path) -> None:
    for entry in folder.glob("*"):
        # Other processes may remove it as well, or need it no more.
        with suppress(OSError):
            entry.unlink()

"""Zstandard, which the base installation does not have."""

import sys
from typing import Any

from lookalike.extras import requiring


def library() -> Any:
    """The package zstandard. Raises MissingExtra."""
    with requiring("A file that is packed with Zstandard", "parquet"):
        import zstandard
    return zstandard


def errors() -> tuple[type[Exception], ...]:
    """The errors of the library; none before it is first used."""
    loaded: Any = sys.modules.get("zstandard")
    return (loaded.ZstdError,) if loaded else ()

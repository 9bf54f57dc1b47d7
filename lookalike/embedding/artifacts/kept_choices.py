"""A JSON file of what was measured: each machine that shares the file has an entry of its own.

The key of an entry names all that it depends on.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from lookalike.embedding.artifacts.saved_models import write_beside

log = logging.getLogger(__name__)

Write = Callable[[Path, Callable[[IO[bytes]], object]], None]


def read_entries(path: Path) -> dict[str, Any]:
    """The entries; none if the file is missing, unreadable or something else."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def add_entry(path: Path, key: str, value: object, write: Write = write_beside) -> bool:
    """Add an entry or replace it, atomically; False if the file cannot be written."""
    content = json.dumps(read_entries(path) | {key: value}, indent=2).encode()
    try:
        write(path, lambda file: file.write(content))
    except OSError as error:
        log.debug("%s cannot be written: %s", path, error)
        return False
    return True

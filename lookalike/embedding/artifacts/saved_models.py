"""Fitted, quantized and added models on disk: their files, names and atomic writes, whatever the content.

HOME/fitted/<name>.npz, HOME/quantized/<name>.zip, HOME/added/<name>.json
"""

import errno
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lookalike.embedding.specs.applications import NAMED
from lookalike.errors import BadSetting, DiskFull, ModelUnavailable
from lookalike.shown import clause

#: Safe as file names on every system, and never mistaken for an option or a path.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True)
class ModelStore:
    """The stored models of one kind; `word` is the kind and the name of the folder."""

    word: str
    suffix: str

    @property
    def kind(self) -> str:
        return f"{'an' if self.word[0] in 'aeiou' else 'a'} {self.word} model"

    def path(self, home: Path, name: str) -> Path:
        return home / self.word / f"{name}{self.suffix}"

    def exists(self, home: Path, name: str) -> bool:
        return _NAME.fullmatch(name) is not None and self.path(home, name).is_file()

    def names(self, home: Path) -> list[str]:
        """Sorted."""
        found = (home / self.word).glob(f"*{self.suffix}")
        return sorted(path.stem for path in found if _NAME.fullmatch(path.stem))

    def write(self, home: Path, name: str, fill: Callable[[IO[bytes]], object]) -> None:
        """Store what `fill` writes, atomically. Raises DiskFull, ModelUnavailable."""
        with self.translated(home):
            write_file(self.path(home, name), fill)

    @contextmanager
    def translated(self, home: Path) -> Iterator[None]:
        """Raises DiskFull and ModelUnavailable for the OSError of a write."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(f"No space left in {home} for the {self.word} model.", "Free some space.") from error
            raise ModelUnavailable(
                f"The {self.word} model cannot be written to {home}: {clause(error)}.", "Check LOOKALIKE_HOME."
            ) from error


FITTED = ModelStore("fitted", ".npz")
QUANTIZED = ModelStore("quantized", ".zip")
ADDED = ModelStore("added", ".json")


def check_name(store: ModelStore, home: Path, name: str, *, replace_existing: bool) -> None:
    """Raises BadSetting for a name that is invalid or taken."""
    if not _NAME.fullmatch(name):
        raise BadSetting(
            f"A model cannot be named {name!r}.", "Use at most 64 of a-z, 0-9, - and _; begin with a letter or digit."
        )
    others = [other for other in (FITTED, QUANTIZED, ADDED) if other != store]
    if name in NAMED or any(other.exists(home, name) for other in others):
        what = f"A model named {name} already exists, and it is not {store.kind}."
        raise BadSetting(what, "Choose another name.")
    if store.exists(home, name) and not replace_existing:
        raise BadSetting(
            f"{store.kind.capitalize()} named {name} already exists.",
            "Choose another name, or replace it with --replace; indexes made with the old model must then be embedded "
            "again.",
        )


def write_file(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write what `fill` writes, atomically, into a folder that is made if it is missing. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, fill)


def write_beside(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """The same, into a folder that exists. Raises OSError."""
    # The dot hides the file of a killed process from `names`.
    descriptor, part = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes it private, but in a container image another user reads it.
        os.chmod(part, 0o644)
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)

"""Models that people made, one file each, whole or absent; it does not know what is in them.

HOME/fitted/<name>.npz, HOME/quantized/<name>.zip
"""

import errno
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lookalike.embedding.specs.applications import NAMED
from lookalike.errors import BadSetting, DiskFull, ModelUnavailable

#: Names that are safe as file names everywhere, and that no option, path or command can be taken for.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Kind:
    """One way of making models: `word` is both what such a model is and the folder where it lies."""

    word: str
    suffix: str

    def path(self, home: Path, name: str) -> Path:
        return home / self.word / f"{name}{self.suffix}"

    def exists(self, home: Path, name: str) -> bool:
        return _NAME.fullmatch(name) is not None and self.path(home, name).is_file()

    def names(self, home: Path) -> list[str]:
        """Sorted."""
        found = (home / self.word).glob(f"*{self.suffix}")
        return sorted(path.stem for path in found if _NAME.fullmatch(path.stem))

    def write(self, home: Path, name: str, fill: Callable[[IO[bytes]], None]) -> None:
        """Keep what `fill` writes, in one step. Raises DiskFull, ModelUnavailable."""
        try:
            _write(self.path(home, name), fill)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(f"No room left in {home} for the {self.word} model.", "Free some.") from error
            raise ModelUnavailable(
                f"The {self.word} model cannot be kept in {home}: {error}.", "Check LOOKALIKE_HOME."
            ) from error


FITTED = Kind("fitted", ".npz")
QUANTIZED = Kind("quantized", ".zip")


def check_name(kind: Kind, home: Path, name: str, *, replace_existing: bool) -> None:
    """Raises BadSetting for a name that a new model of this kind cannot have, or that is taken."""
    if not _NAME.fullmatch(name):
        raise BadSetting(
            f"A model cannot be named {name!r}.", "Use at most 64 of a to z, 0 to 9, - and _, a letter or digit first."
        )
    others = [other for other in (FITTED, QUANTIZED) if other != kind]
    if name in NAMED or any(other.exists(home, name) for other in others):
        what = f"There is a model named {name} already, and it is not a {kind.word} one."
        raise BadSetting(what, "Choose another name.")
    if kind.exists(home, name) and not replace_existing:
        raise BadSetting(
            f"There is a {kind.word} model named {name} already.",
            "Choose another name; or put it in the old one's place with --replace: indexes made with that are then "
            "refused until they are embedded again.",
        )


def _write(path: Path, fill: Callable[[IO[bytes]], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Hidden, so that nobody takes what a killed process leaves for a model.
    descriptor, part = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes it private, but what is baked into an image is read by another user.
        os.chmod(part, 0o644)
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)

"""The packages that a lock file names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Locked:
    """One package of a lock file."""

    name: str
    version: str
    #: When it is installed, such as "sys_platform == 'win32'"; empty for always.
    marker: str
    #: SHA-256 of each file that may be installed.
    hashes: tuple[str, ...]


def read_lock(lock: Path) -> Iterator[Locked]:
    """The packages in the order of the file; one may appear several times, with different markers."""
    for line in lock.read_text().replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            requirement = Requirement(line.partition("--hash=")[0])
            (pin,) = requirement.specifier
            name, marker = canonicalize_name(requirement.name), str(requirement.marker or "")
            yield Locked(name, pin.version, marker, tuple(_HASH.findall(line)))

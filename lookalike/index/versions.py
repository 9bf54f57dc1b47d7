"""The versions of an index: the index's name points to one of them.

A new model fills a new version beside the current one. The name moves to it when it is complete.
"""

from collections.abc import Sequence
from typing import Protocol

from lookalike.errors import PermanentError
from lookalike.index.base import IndexInfo
from lookalike.index.checks import number_of
from lookalike.records import ModelIdentity


class Versions(Protocol):
    """The versions of one index, such as "images-v1" and "images-v2" of "images".

    Every method may raise the errors of `Index`, and IndexMissing if the name points to nothing.
    """

    name: str

    def infos(self) -> list[IndexInfo]:
        """Every version, oldest first."""

    def create(self, model: ModelIdentity) -> str:
        """Create an empty version that readers do not see, with the metadata fields of the current one; returns its
        name."""

    def move(self, version: str, *, remember: bool = True) -> None:
        """Make the name point to this version, in one step. `remember` records the version before it for `previous`."""

    def previous(self) -> str | None:
        """The version that the current one replaced."""

    def former_models(self) -> frozenset[str]:
        """Fingerprints of the models of versions that the name pointed to before."""

    def delete(self, version: str) -> None:
        """Delete one version. If it is the current one, the name points to nothing afterwards."""

    def close(self) -> None:
        """Release connections."""


def version_for(versions: Versions, model: ModelIdentity) -> str:
    """The newest version for `model` that is not the current one, to continue filling it; else a new one."""
    candidates = [
        info for info in versions.infos() if info.model.fingerprint == model.fingerprint and not info.is_current
    ]
    return candidates[-1].version if candidates else versions.create(model)


def current(infos: Sequence[IndexInfo], name: str) -> IndexInfo:
    """The version that readers see. Raises PermanentError if the name points to none."""
    for info in infos:
        if info.is_current:
            return info
    raise PermanentError(f"Index {name} points to no version.", "`lookalike index list` shows the existing indexes.")


def pick(infos: Sequence[IndexInfo], name: str, version: str | None) -> IndexInfo:
    """The version to promote: the given one, or the newest one if it is newer than the current one.

    Raises PermanentError."""
    advice = "`lookalike index list` shows the versions, `lookalike reembed` makes a new one."
    now = current(infos, name)
    if version is None:
        newer = [info for info in infos if number_of(info.version) > number_of(now.version)]
        if not newer:
            raise PermanentError(f"Nothing to promote: index {name} has no version newer than {now.version}.", advice)
        return newer[-1]
    if version == now.version:
        raise PermanentError(f"Nothing to promote: index {name} already points to {version}.", advice)
    for info in infos:
        if info.version == version:
            return info
    raise PermanentError(f"Index {name} has no version {version}.", advice)


def rollback(versions: Versions) -> tuple[str, str]:
    """Return to the version before the current one; gives both, the one left first. Raises PermanentError."""
    infos = versions.infos()
    left = current(infos, versions.name).version
    previous = versions.previous()
    if previous is None:
        raise PermanentError(
            f"Nothing to roll back to: {left} of index {versions.name} replaced no other version.",
            "`lookalike index promote VERSION` moves to any version that `lookalike index list` shows.",
        )
    if all(info.version != previous for info in infos):
        raise PermanentError(
            f"Nothing to roll back to: {previous}, which {left} replaced, is deleted.",
            "`lookalike index promote VERSION` moves to another.",
        )
    versions.move(previous, remember=False)
    return left, previous

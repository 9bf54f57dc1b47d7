"""The versions of an index: numbered physical indexes of which its name points to one; knows no index by itself.

A new model fills a new version beside the current one, and the name moves when it is ready.
"""

from collections.abc import Sequence
from typing import Protocol

from lookalike.errors import PermanentError
from lookalike.index.base import IndexInfo
from lookalike.index.checks import number_of
from lookalike.records import ModelIdentity


class Versions(Protocol):
    """All methods may raise what those of `Index` raise; IndexMissing where the name points to nothing."""

    name: str

    def infos(self) -> list[IndexInfo]:
        """Every version, oldest first."""

    def create(self, model: ModelIdentity) -> str:
        """A new, empty version that no reader sees."""

    def move(self, physical: str, *, remember: bool = True) -> None:
        """Let the name point to this version, in one step; what it pointed to is where `previous` leads, unless not
        to be remembered."""

    def previous(self) -> str | None:
        """The version that the current one took the place of."""

    def former_models(self) -> frozenset[str]:
        """Fingerprints of the models whose versions the name pointed to before."""

    def delete(self, physical: str) -> None:
        """Delete one version, the current one as well; the name of that one points to nothing then."""

    def close(self) -> None:
        """Release connections."""


def version_for(versions: Versions, model: ModelIdentity) -> str:
    """The newest version for `model` beside the current one, to be filled further; a new one if there is none."""
    fit = [info for info in versions.infos() if info.model.fingerprint == model.fingerprint and not info.is_current]
    return fit[-1].physical if fit else versions.create(model)


def current(infos: Sequence[IndexInfo], name: str) -> IndexInfo:
    """The version that readers see. Raises PermanentError if the name points to none."""
    for info in infos:
        if info.is_current:
            return info
    raise PermanentError(f"Index {name} points to no version.", "`lookalike index list` shows what there is.")


def pick(infos: Sequence[IndexInfo], name: str, physical: str | None) -> IndexInfo:
    """The version to promote: the named one, or the newest if newer than the current one. Raises PermanentError."""
    advice = "`lookalike index list` shows the versions, `lookalike reembed` makes a new one."
    now = current(infos, name)
    if physical is None:
        newer = [info for info in infos if number_of(info.physical) > number_of(now.physical)]
        if not newer:
            raise PermanentError(f"Nothing to promote: index {name} has no version newer than {now.physical}.", advice)
        return newer[-1]
    if physical == now.physical:
        raise PermanentError(f"Nothing to promote: index {name} points to {physical} already.", advice)
    for info in infos:
        if info.physical == physical:
            return info
    raise PermanentError(f"Index {name} has no version {physical}.", advice)


def rollback(versions: Versions) -> tuple[str, str]:
    """Back to the version before; what was left and what is current now. Raises PermanentError."""
    infos = versions.infos()
    left = current(infos, versions.name).physical
    previous = versions.previous()
    if previous is None:
        raise PermanentError(
            f"Nothing to roll back to: {left} of index {versions.name} took no other version's place.",
            "`lookalike index promote VERSION` moves to any version that `lookalike index list` shows.",
        )
    if all(info.physical != previous for info in infos):
        raise PermanentError(f"Nothing to roll back to: {previous}, whose place {left} took, is deleted.")
    versions.move(previous, remember=False)
    return left, previous

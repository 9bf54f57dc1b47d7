"""Scopes of images: folders, prefixes of stores and hosts, archives."""

from dataclasses import dataclass
from functools import cached_property

from lookalike.errors import ImageRejected
from lookalike.reading.places import ARCHIVE, kind_of
from lookalike.storage import beginnings, local_path
from lookalike.uris import (
    Member,
    member_of,
)
from lookalike_producer.walk.options import USUAL, WalkOptions
from lookalike_producer.walk.pattern import Pattern


@dataclass(frozen=True)
class _Below:
    """What lies below a folder and fits the parts of a glob (None: everything), but for what is excluded."""

    pattern: tuple[str, ...] | None = None
    options: WalkOptions = USUAL

    def fits(self, inner: str) -> bool:
        excludes = self.options.excludes
        if excludes is not None and excludes(inner):
            return False
        return self._matcher is None or self._matcher.fits(inner.split("/"))

    @cached_property
    def _matcher(self) -> Pattern | None:
        return None if self.pattern is None else Pattern(self.pattern, include_hidden=self.options.include_hidden)


@dataclass(frozen=True)
class FolderScope:
    """A folder, without a slash at its end, and the parts of a glob below it; None for everything below it."""

    folder: str
    pattern: tuple[str, ...] | None = None
    options: WalkOptions = USUAL

    @property
    def prefixes(self) -> tuple[str, ...]:
        return beginnings(self.folder)

    def covers(self, uri: str) -> bool:
        """A member of an archive belongs where the archive does."""
        member = _local_member(uri)
        try:
            path = local_path(member.archive if member else uri)
        except ImageRejected:
            return False
        inner = path.removeprefix(f"{self.folder}/")
        excludes = self.options.asked_for.excludes
        if inner == path or (member and excludes is not None and excludes(member.name)):
            return False
        return self._below.fits(inner)

    @cached_property
    def _below(self) -> _Below:
        return _Below(self.pattern, self.options)


@dataclass(frozen=True)
class PrefixScope:
    """All uris that begin with `prefix`, which ends with a slash, and the parts of a glob behind it."""

    prefix: str
    pattern: tuple[str, ...] | None = None
    options: WalkOptions = USUAL

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (self.prefix,)

    def covers(self, uri: str) -> bool:
        """A member of an archive belongs where the archive does."""
        if not uri.startswith(self.prefix):
            return False
        member = member_of(uri) if "#" in uri else None
        excludes = self.options.excludes
        if member and excludes is not None and excludes(member.name):
            return False
        return self._below.fits((member.archive if member else uri)[len(self.prefix) :])

    @cached_property
    def _below(self) -> _Below:
        return _Below(self.pattern, self.options)


@dataclass(frozen=True)
class InnerScope:
    """The members of an archive. The archive itself is in it, as it may be rejected as a whole."""

    container: str
    options: WalkOptions = USUAL

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (f"{self.container}#",)

    def covers(self, uri: str) -> bool:
        if uri == self.container:
            return True
        name = uri.removeprefix(f"{self.container}#")
        excludes = self.options.excludes
        return name != uri and (excludes is None or not excludes(name))


def _local_member(uri: str) -> Member | None:
    member = member_of(uri) if "#" in uri else None
    return member if member is not None and kind_of(uri) == ARCHIVE else None

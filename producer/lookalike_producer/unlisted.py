"""What a comparison must take for unknown, because a source could not list it."""

from dataclasses import dataclass

from lookalike.reading.places import LOCAL, kind_of
from lookalike.storage import local_path
from lookalike_producer.refused import RefusedReference, UnlistedFolder, UnlistedTable
from lookalike_producer.scope import FolderScope, InnerScope, Scope, Scopes


class Unlisted:
    """What a comparison must take for unknown: what lies where a source could not be listed."""

    def __init__(self) -> None:
        self._scopes: Scopes[Scope] = Scopes()
        self._is_everything = False

    def add(self, uri: str) -> None:
        """Add a folder, a prefix or an archive."""
        self._scopes.add(InnerScope(uri))
        if kind_of(uri) == LOCAL:
            self._scopes.add(FolderScope(local_path(uri)))
        else:
            self._scopes.add(_AnyBelow(f"{uri.removesuffix('/')}/"))

    def add_table(self) -> None:
        """Nobody knows which images the rest of a table names."""
        self._is_everything = True

    def covers(self, uri: str) -> bool:
        return self._is_everything or self._scopes.covers(uri)

    def add_reference(self, ref: RefusedReference) -> None:
        """Add what a source could not list; a row or a line that names no image is nothing of the kind."""
        if isinstance(ref, UnlistedTable):
            self.add_table()
        elif isinstance(ref, UnlistedFolder):
            self.add(ref.uri)


@dataclass(frozen=True)
class _AnyBelow:
    """Everything that begins so, members of archives as well."""

    prefix: str

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (self.prefix,)

    def covers(self, uri: str) -> bool:
        return uri.startswith(self.prefix)

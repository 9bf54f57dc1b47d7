"""The contract of an index backend: one kind of service or folder that holds indexes."""

from contextlib import AbstractContextManager
from typing import Protocol

from lookalike.index.base import CpuClock, Index, IndexInfo, Inspection
from lookalike.index.options import IndexOptions
from lookalike.index.versions import Versions
from lookalike.records import Diagnostic


class Backend(Protocol):
    """Opens, lists and checks indexes. A method imports the client library only if it needs it.

    Every method raises BadSetting for a URL that the backend cannot use.
    """

    #: URL schemes in lower case.
    schemes: tuple[str, ...]
    #: A URL for error messages.
    example: str
    #: Whether the index is a folder, which our own processes read and write.
    is_embedded: bool

    def open_index(self, url: str, name: str, options: IndexOptions) -> Index:
        """The index or version `name`, whether it exists or not. Sends no request and creates nothing."""

    def open_versions(self, url: str, name: str, options: IndexOptions) -> Versions:
        """All versions of the index `name`. Sends no request and creates nothing."""

    def list_indexes(self, url: str, options: IndexOptions) -> list[IndexInfo]:
        """Every version of every index that lookalike made, sorted by name and number."""

    def index_names(self, url: str, options: IndexOptions) -> list[str]:
        """The names of the indexes that lookalike made, sorted, without a look into them."""

    def check_location(self, url: str, options: IndexOptions) -> None:
        """Check with at most one request that `url` can hold an index.

        Raises UnsupportedService for a server of another kind or an old version, IndexUnavailable, AccessDenied.
        """

    def check_writable(self, url: str, name: str, options: IndexOptions) -> list[Diagnostic]:
        """Check that the index `name` accepts writes, or can be created; returns warnings.

        Raises as `check_location` does, and UnsupportedService for a red or blocked index, DiskFull.
        """

    def inspect(self, url: str, name: str, options: IndexOptions) -> Inspection | None:
        """The state of the server and of the index `name`; None for a backend without a server.

        Raises as `check_location` does.
        """

    def cpu_clock(self, url: str, options: IndexOptions) -> AbstractContextManager[CpuClock | None]:
        """A clock for the server's CPU time; None if no server shares the cores of this machine."""

    def temporary_location(self, url: str) -> AbstractContextManager[str]:
        """The URL of a location like `url` where indexes with random names can be created and dropped.

        It is `url` itself where a dropped index leaves no trace.
        """

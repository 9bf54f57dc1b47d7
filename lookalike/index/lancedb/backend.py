"""LanceDB folders as an index backend."""

from contextlib import AbstractContextManager, nullcontext

from lookalike.disk import check_folder
from lookalike.extras import check_installed, requiring
from lookalike.index.base import CpuClock, Index, IndexInfo, Inspection
from lookalike.index.lancedb.errors import translated
from lookalike.index.lancedb.folder import folder_of, temporary_folder
from lookalike.index.options import IndexOptions
from lookalike.index.versions import Versions
from lookalike.records import Diagnostic

NEEDED_BY = "An index in a LanceDB folder"
#: What `requiring` names as well.
EXTRA = "embedded"
MODULES = ("filelock", "lancedb", "numpy", "pyarrow")


class LanceDBBackend:
    """See `Backend`. Imports lancedb when an index is opened or listed, but not for names or to check a
    location.

    Raises MissingExtra if a package is not installed.
    """

    schemes: tuple[str, ...] = ("lancedb",)
    example = "lancedb:///absolute/path"
    is_embedded = True

    def open_index(self, url: str, name: str, options: IndexOptions) -> Index:
        with requiring(NEEDED_BY):
            from lookalike.index.lancedb.index import LanceDBIndex

        return LanceDBIndex(url, name, options)

    def open_versions(self, url: str, name: str, options: IndexOptions) -> Versions:
        with requiring(NEEDED_BY):
            from lookalike.index.lancedb.versions import LanceDBVersions

        return LanceDBVersions(url, name, options)

    def list_indexes(self, url: str, options: IndexOptions) -> list[IndexInfo]:
        with requiring(NEEDED_BY):
            from lookalike.index.lancedb import tables

        return tables.list_indexes(url)

    def index_names(self, url: str, options: IndexOptions) -> list[str]:
        with requiring(NEEDED_BY):
            from lookalike.index.lancedb.catalog import Catalog

        folder = folder_of(url)
        with translated(folder, "*"):
            return sorted(Catalog(folder).tables())

    def check_location(self, url: str, options: IndexOptions) -> None:
        check_installed(*MODULES, needed_by=NEEDED_BY, extra=EXTRA)
        folder_of(url)

    def check_writable(self, url: str, name: str, options: IndexOptions) -> list[Diagnostic]:
        advice = "Set LOOKALIKE_HOME, or LOOKALIKE_INDEX_URL, to a folder that you can write to."
        return check_folder(folder_of(url), advice)

    def inspect(self, url: str, name: str, options: IndexOptions) -> Inspection | None:
        folder_of(url)
        return None

    def cpu_clock(self, url: str, options: IndexOptions) -> AbstractContextManager[CpuClock | None]:
        return nullcontext()

    def temporary_location(self, url: str) -> AbstractContextManager[str]:
        return temporary_folder()

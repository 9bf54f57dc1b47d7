"""Vector indexes in OpenSearch or LanceDB, chosen by the scheme of a URL.

`http(s)://[user:password@]host[:port]` is an OpenSearch server, `lancedb:///path` a LanceDB folder. Client libraries
are imported only when an index is used.
"""

from lookalike.index.backend import Backend
from lookalike.index.backends import backend_of
from lookalike.index.base import AnnState, CpuClock, Index, IndexInfo, Inspection, VectorQuery
from lookalike.index.checks import check_name, index_of, is_version
from lookalike.index.options import IndexOptions
from lookalike.index.versions import Versions
from lookalike.records import Diagnostic

__all__ = [
    "AnnState",
    "Backend",
    "CpuClock",
    "Index",
    "IndexInfo",
    "IndexOptions",
    "Inspection",
    "VectorQuery",
    "Versions",
    "backend_of",
    "check_location",
    "check_writable",
    "index_names",
    "index_of",
    "inspect",
    "is_version",
    "list_indexes",
    "open_index",
    "open_version",
    "open_versions",
]

DEFAULTS = IndexOptions()


def open_index(url: str, name: str, *, options: IndexOptions = DEFAULTS) -> Index:
    """The index `name` at `url`, whether it exists or not. Sends no request and creates nothing. Raises BadSetting."""
    return backend_of(url).open_index(url, check_name(name), options)


def open_version(url: str, version: str, *, options: IndexOptions = DEFAULTS) -> Index:
    """One version of an index, such as "images-v2", whether the index's name points to it or not.

    `ensure` does not create it. Raises BadSetting.
    """
    index_of(version)
    return backend_of(url).open_index(url, version, options)


def open_versions(url: str, name: str, *, options: IndexOptions = DEFAULTS) -> Versions:
    """All versions of the index `name` at `url`. Raises BadSetting."""
    return backend_of(url).open_versions(url, check_name(name), options)


def list_indexes(url: str, *, options: IndexOptions = DEFAULTS) -> list[IndexInfo]:
    """Every version of every index that lookalike made at `url`, sorted by name and number.

    Raises as `open_index` and `Index` do.
    """
    return backend_of(url).list_indexes(url, options)


def index_names(url: str, *, options: IndexOptions = DEFAULTS) -> list[str]:
    """The names of the indexes that lookalike made at `url`, sorted, without a look into them.

    Raises as `list_indexes`.
    """
    return backend_of(url).index_names(url, options)


def check_location(url: str, *, options: IndexOptions = DEFAULTS) -> None:
    """Check with at most one request that `url` can hold an index.

    Raises UnsupportedService for a server of another kind or an old version, and as `Index` does.
    """
    backend_of(url).check_location(url, options)


def check_writable(url: str, name: str, *, options: IndexOptions = DEFAULTS) -> list[Diagnostic]:
    """Check that the index `name` at `url` accepts writes, or can be created; returns warnings.

    Raises as `check_location` does, and UnsupportedService for a red or blocked index, DiskFull.
    """
    return backend_of(url).check_writable(url, name, options)


def inspect(url: str, name: str, *, options: IndexOptions = DEFAULTS) -> Inspection | None:
    """The state of the server at `url` and of its index `name`; None for a backend without a server.

    Raises as `check_location` does.
    """
    return backend_of(url).inspect(url, name, options)

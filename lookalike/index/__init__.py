"""Which index a URL means; the client libraries are loaded only when one is opened."""

from urllib.parse import urlsplit

from lookalike.disk import check_folder
from lookalike.errors import BadSetting
from lookalike.index.base import Index, IndexInfo, IndexOptions, Inspection
from lookalike.index.checks import check_name, index_of, is_version
from lookalike.index.lancedb.folder import folder_of
from lookalike.index.versions import Versions
from lookalike.records import Diagnostic

__all__ = [
    "Index",
    "IndexInfo",
    "IndexOptions",
    "Inspection",
    "Versions",
    "check_place",
    "check_writable",
    "index_of",
    "inspect",
    "is_version",
    "list_indexes",
    "open_index",
    "open_version",
    "open_versions",
]


def open_index(url: str, name: str, *, options: IndexOptions | None = None) -> Index:
    """The index `name` at `url`, there or not: nothing is asked or created yet.

    `http(s)://[user:password@]host[:port]` is OpenSearch, `lancedb:///path` a folder. Raises BadSetting.
    """
    return _open(url, check_name(name), options or IndexOptions())


def open_version(url: str, physical: str, *, options: IndexOptions | None = None) -> Index:
    """One version of an index, such as "images-v2", whatever the index's name points to; `ensure` makes none.

    Raises BadSetting.
    """
    index_of(physical)
    return _open(url, physical, options or IndexOptions())


def open_versions(url: str, name: str, *, options: IndexOptions | None = None) -> Versions:
    """All versions of the index `name` at `url`. Raises BadSetting."""
    check_name(name)
    options = options or IndexOptions()
    if _is_opensearch(url):
        from lookalike.index.opensearch.versions import OpenSearchVersions

        return OpenSearchVersions(url, name, options)
    from lookalike.index.lancedb.versions import LanceVersions

    return LanceVersions(url, name, options)


def _open(url: str, name: str, options: IndexOptions) -> Index:
    if _is_opensearch(url):
        from lookalike.index.opensearch.index import OpenSearchIndex

        return OpenSearchIndex(url, name, options)
    from lookalike.index.lancedb.index import LanceIndex

    return LanceIndex(url, name, options)


def list_indexes(url: str, *, options: IndexOptions | None = None) -> list[IndexInfo]:
    """Every version of every index of ours at `url`, by name and age. Raises as `open_index` and `Index` do."""
    options = options or IndexOptions()
    if _is_opensearch(url):
        from lookalike.index.opensearch import aliases

        return aliases.list_indexes(url, options)
    from lookalike.index.lancedb import index

    return index.list_indexes(url, options)


def check_place(url: str, *, options: IndexOptions | None = None) -> None:
    """Whether an index can be at `url`, by one request and without loading a database.

    Raises UnsupportedService for what is no OpenSearch or too old a one, IndexUnavailable, AccessDenied, BadSetting.
    """
    if _is_opensearch(url):
        from lookalike.index.opensearch import health

        health.check_server(url, options or IndexOptions())


def check_writable(url: str, name: str, *, options: IndexOptions | None = None) -> list[Diagnostic]:
    """Whether the index `name` at `url`, there or still to be made, takes writes; what to look at, if it does.

    Raises as `check_place` does, UnsupportedService for what is red or blocked, DiskFull.
    """
    if _is_opensearch(url):
        from lookalike.index.opensearch import health

        return health.check_writable(url, name, options or IndexOptions())
    return check_folder(folder_of(url), "Set LOOKALIKE_HOME, or LOOKALIKE_INDEX_URL, to a folder of yours.")


def inspect(url: str, name: str, *, options: IndexOptions | None = None) -> Inspection | None:
    """What an OpenSearch at `url` tells a person, and its index `name`; None for the embedded index.

    Raises as `check_place` does.
    """
    if not _is_opensearch(url):
        return None
    from lookalike.index.opensearch import inspection

    return inspection.inspect(url, name, options or IndexOptions())


def _is_opensearch(url: str) -> bool:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https", "lancedb"):
        # Not the URL itself: it may hold a password.
        raise BadSetting(
            f"An index cannot be reached by {scheme or 'nothing'}://.",
            "LOOKALIKE_INDEX_URL is https://host:9200 or lancedb:///absolute/path.",
        )
    return scheme != "lancedb"

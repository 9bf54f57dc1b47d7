"""Which index a URL means; the client libraries are loaded only when one is opened."""

from urllib.parse import urlsplit

from lookalike.errors import BadSetting
from lookalike.index.base import Index, IndexInfo, IndexOptions
from lookalike.index.checks import check_name, index_of, is_version
from lookalike.index.versions import Versions

__all__ = [
    "Index",
    "IndexInfo",
    "IndexOptions",
    "Versions",
    "index_of",
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
        from lookalike.index.opensearch_versions import OpenSearchVersions

        return OpenSearchVersions(url, name, options)
    from lookalike.index.lance_versions import LanceVersions

    return LanceVersions(url, name, options)


def _open(url: str, name: str, options: IndexOptions) -> Index:
    if _is_opensearch(url):
        from lookalike.index.opensearch_index import OpenSearchIndex

        return OpenSearchIndex(url, name, options)
    from lookalike.index.lance import LanceIndex

    return LanceIndex(url, name, options)


def list_indexes(url: str, *, options: IndexOptions | None = None) -> list[IndexInfo]:
    """Every version of every index of ours at `url`, by name and age. Raises as `open_index` and `Index` do."""
    options = options or IndexOptions()
    if _is_opensearch(url):
        from lookalike.index import physical

        return physical.list_indexes(url, options)
    from lookalike.index import lance

    return lance.list_indexes(url, options)


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

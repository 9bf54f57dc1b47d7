"""Which index a URL means; the client libraries are loaded only when one is opened."""

from urllib.parse import urlsplit

from lookalike.errors import BadSetting
from lookalike.index.base import Index, IndexInfo, IndexOptions
from lookalike.index.checks import check_name

__all__ = ["Index", "IndexInfo", "IndexOptions", "list_indexes", "open_index"]


def open_index(url: str, name: str, *, options: IndexOptions | None = None) -> Index:
    """The index `name` at `url`, there or not: nothing is asked or created yet.

    `http(s)://[user:password@]host[:port]` is OpenSearch, `lancedb:///path` a folder. Raises BadSetting.
    """
    check_name(name)
    options = options or IndexOptions()
    if _is_opensearch(url):
        from lookalike.index.opensearch_index import OpenSearchIndex

        return OpenSearchIndex(url, name, options)
    from lookalike.index.lance import LanceIndex

    return LanceIndex(url, name, options)


def list_indexes(url: str, *, options: IndexOptions | None = None) -> list[IndexInfo]:
    """Every index of ours at `url`, by name. Raises as `open_index` and `Index` do."""
    options = options or IndexOptions()
    if _is_opensearch(url):
        from lookalike.index import opensearch_index

        return opensearch_index.list_indexes(url, options)
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

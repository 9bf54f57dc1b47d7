"""OpenSearch as an index backend."""

from contextlib import AbstractContextManager, nullcontext

from lookalike.index.base import CpuClock, Index, IndexInfo, Inspection
from lookalike.index.options import IndexOptions
from lookalike.index.versions import Versions
from lookalike.records import Diagnostic


class OpenSearchBackend:
    """See `Backend`. Imports opensearchpy when a method is called."""

    schemes: tuple[str, ...] = ("http", "https")
    example = "https://host:9200"
    is_embedded = False

    def open_index(self, url: str, name: str, options: IndexOptions) -> Index:
        from lookalike.index.opensearch.index import OpenSearchIndex

        return OpenSearchIndex(url, name, options)

    def open_versions(self, url: str, name: str, options: IndexOptions) -> Versions:
        from lookalike.index.opensearch.versions import OpenSearchVersions

        return OpenSearchVersions(url, name, options)

    def list_indexes(self, url: str, options: IndexOptions) -> list[IndexInfo]:
        from lookalike.index.opensearch import aliases

        return aliases.list_indexes(url, options)

    def index_names(self, url: str, options: IndexOptions) -> list[str]:
        return sorted({info.name for info in self.list_indexes(url, options)})

    def check_location(self, url: str, options: IndexOptions) -> None:
        from lookalike.index.opensearch import health

        health.check_server(url, options)

    def check_writable(self, url: str, name: str, options: IndexOptions) -> list[Diagnostic]:
        from lookalike.index.opensearch import health

        return health.check_writable(url, name, options)

    def inspect(self, url: str, name: str, options: IndexOptions) -> Inspection | None:
        from lookalike.index.opensearch import inspection

        return inspection.inspect(url, name, options)

    def cpu_clock(self, url: str, options: IndexOptions) -> AbstractContextManager[CpuClock | None]:
        from lookalike.index.opensearch.cpu_clock import open_cpu_clock

        return open_cpu_clock(url, options)

    def temporary_location(self, url: str) -> AbstractContextManager[str]:
        return nullcontext(url)

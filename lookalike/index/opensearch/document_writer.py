"""Writes documents to one OpenSearch index, with their vectors as base64 if the server reads it."""

from collections.abc import Callable, Iterator, Sequence

from lookalike.errors import IndexConflict
from lookalike.index.opensearch import bulk, server_version
from lookalike.index.opensearch.bulk_writer import BulkWriter
from lookalike.index.opensearch.layout import Layout
from lookalike.index.opensearch.server import Server
from lookalike.records import Document, Rejected


class DocumentWriter:
    """Base64 has four bytes for three of a vector, numbers have about eleven for four, which the server must parse."""

    def __init__(self, server: Server, writer: BulkWriter) -> None:
        self._server = server
        self._writer = writer
        #: None until the first write.
        self._takes_base64: bool | None = None

    def write(self, documents: Sequence[Document], layout: Layout) -> list[Rejected]:
        """Store the documents under their ids; returns those that the index rejects. Raises as `BulkWriter.send`."""
        if not (documents and self._is_base64()):
            return self._send(documents, layout, as_base64=False)
        try:
            rejected = self._send(documents, layout, as_base64=True)
        except IndexConflict:
            return self._write_numbers(documents, layout)
        uris = {item.uri for item in rejected}
        again = [document for document in documents if document.uri in uris]
        try:
            return self._write_numbers(again, layout) if again else []
        except IndexConflict:
            if len(again) == len(documents):
                raise
            # One reason for all of these concerns them alone: the index took the others.
            return rejected

    def encoder(self, layout: Layout) -> Callable[[Sequence[Document]], bytes]:
        """The function that makes the body which `write` would send for documents now. It sends nothing."""
        as_base64 = self._is_base64()
        return lambda documents: b"".join(item.body for item in _operations(documents, layout, as_base64=as_base64))

    def _write_numbers(self, documents: Sequence[Document], layout: Layout) -> list[Rejected]:
        """Write again what was rejected, which may be for the base64: an older node of the cluster, or an ingest
        pipeline that reads vectors. Then the next documents go as numbers at once."""
        rejected = self._send(documents, layout, as_base64=False)
        self._takes_base64 = len(rejected) == len(documents)
        return rejected

    def _is_base64(self) -> bool:
        if self._takes_base64 is None:
            self._takes_base64 = server_version.has(server_version.read(self._server), server_version.BASE64_SINCE)
        return self._takes_base64

    def _send(self, documents: Sequence[Document], layout: Layout, *, as_base64: bool) -> list[Rejected]:
        return self._writer.send(_operations(documents, layout, as_base64=as_base64)).rejected


def _operations(documents: Sequence[Document], layout: Layout, *, as_base64: bool) -> Iterator[bulk.Operation]:
    return (bulk.index_operation(document, layout, as_base64=as_base64) for document in documents)

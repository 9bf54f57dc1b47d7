"""Ways to send the documents of a bulk request over HTTP: lookalike's own, and variations of it with one change."""

import gzip
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from benchmarks import smile
from lookalike.index import IndexOptions
from lookalike.index.checks import validate
from lookalike.index.opensearch import bulk, mapping
from lookalike.index.opensearch.bulk_writer import RESPONSE_FILTER, BulkWriter
from lookalike.index.opensearch.index import OpenSearchIndex
from lookalike.records import Document, ModelIdentity, Rejected

OPTIONS = IndexOptions()
#: The default of gzip and of the client library: smallest size.
SMALLEST = 9
FASTEST = 1
DECIMALS = 7


class Ours(OpenSearchIndex):
    """Sends the body unchanged, with vectors as numbers whatever the server can read."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, name, OPTIONS)
        self._documents._takes_base64 = False


class Variation(Ours):
    """Like `Ours`; a subclass changes one thing."""

    headers: ClassVar[dict[str, str]] = {}
    #: Whether the server stores each vector twice, the second time in the JSON of its document.
    has_whole_source = False

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, name)
        self._writer = VariedWriter(self)

    def ensure(self, model: ModelIdentity) -> None:
        if not self.has_whole_source:
            return super().ensure(model)
        number = self._server.call("GET", "/")["version"]["number"]
        version = tuple(int(part) for part in number.split("-")[0].split("."))
        body = mapping.definition(model, OPTIONS, version) | {"aliases": {self.name: {}}}
        body["settings"]["index"]["knn.derived_source.enabled"] = False
        self._server.call("PUT", f"/{self.name}-v1", body, name=self.name)

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        valid, rejected = validate(documents, self.name, self.model())
        return rejected + self._writer.send(self.encode(document) for document in valid).rejected

    def encode(self, document: Document) -> bulk.Operation:
        return bulk.index_operation(document)

    def pack(self, body: bytes) -> bytes:
        return body

    def send_once(self, operations: list[bulk.Operation]) -> Any:
        """The answer of the server, as JSON."""
        body = self.pack(b"".join(operation.body for operation in operations))
        parameters = {"require_alias": "true", "filter_path": RESPONSE_FILTER}
        path, headers = f"/{self.name}/_bulk", {"accept": "application/json", **self.headers}
        send = self._server._client.transport.perform_request
        return send("POST", path, params=parameters, body=body, headers=headers)


class VariedWriter(BulkWriter):
    """Sends each request with `send_once` of its index."""

    def __init__(self, index: Variation) -> None:
        super().__init__(index._server, index.name, index.name, OPTIONS.retry_s)
        self._index = index

    def _send_once(self, operations: list[bulk.Operation]) -> bulk.BulkResult:
        return self._read(operations, self._index.send_once(operations))


class Gzipped(Variation):
    """Compresses like `http_compress` of the client library."""

    headers: ClassVar[dict[str, str]] = {"content-encoding": "gzip"}
    level = SMALLEST

    def pack(self, body: bytes) -> bytes:
        return gzip.compress(body, self.level)


class GzippedFast(Gzipped):
    level = FASTEST


class Rounded(Variation):
    """Floats with fewer digits than an exact float32 needs."""

    def encode(self, document: Document) -> bulk.Operation:
        return bulk.index_operation(replace(document, image_embedding=np.round(document.image_embedding, DECIMALS)))


class Base64(Variation):
    """Vectors as base64 of little-endian float32, which k-NN 3.8 and later can read."""

    def encode(self, document: Document) -> bulk.Operation:
        return bulk.index_operation(document, as_base64=True)


class WholeSource(Variation):
    """Our JSON, to an index that stores the whole source, for comparison with SMILE."""

    has_whole_source = True


class Smile(WholeSource):
    """SMILE instead of JSON. k-NN can only remove vectors from JSON, so this index stores the whole source."""

    headers: ClassVar[dict[str, str]] = {"content-type": "application/smile"}

    def encode(self, document: Document) -> bulk.Operation:
        lines = (smile.encode({"index": {"_id": document.id}}), smile.encode(source(document)), b"")
        return bulk.Operation(document.id, document.uri, smile.SEPARATOR.join(lines))


def source(document: Document) -> dict[str, Any]:
    """The fields of a document that the index stores, without its id."""
    return {name: getattr(document, name) for name in bulk.SOURCE_FIELDS} | {"metadata": dict(document.metadata)}

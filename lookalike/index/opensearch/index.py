"""Documents in OpenSearch: an alias that points to a numbered index."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lookalike.errors import IndexConflict, IndexMissing, ModelMismatch
from lookalike.index.base import DOCUMENTS_PER_BATCH
from lookalike.index.checks import is_version, validate
from lookalike.index.opensearch import address, bulk, bulk_load, force_merge, scroll
from lookalike.index.opensearch.aliases import Version, create, next_version, resolve, write_alias_of
from lookalike.index.opensearch.bulk_writer import BulkWriter
from lookalike.index.opensearch.search import Search
from lookalike.index.opensearch.server import Server
from lookalike.index.options import IndexOptions
from lookalike.records import Document, Match, ModelIdentity, Rejected, Stored, Vector

#: Ids per multi-get.
IDS_PER_REQUEST = 1000
#: Two clients that create the same index need two rounds at most; one more for an index that is dropped meanwhile.
CREATE_ATTEMPTS = 3
STORED_FIELDS = ("content_sha256", "model", "chunk", "name", "metadata")


class OpenSearchIndex:
    """See `Index`. Safe to share between threads."""

    def __init__(self, url: str, name: str, options: IndexOptions) -> None:
        self.name = name
        # A version has a write alias of its own: a write to a deleted version must not create an index either.
        self._write_alias = write_alias_of(name) if is_version(name) else name
        self._options = options
        self._server = Server(address.parse(url, options), options)
        self._search = Search(self._server, name, options)
        self._writer = BulkWriter(self._server, name, self._write_alias, options.retry_s)

    def ensure(self, model: ModelIdentity) -> None:
        if is_version(self.name):
            self._check(self.model(), model)
            action = {"add": {"index": self.name, "alias": self._write_alias, "is_hidden": True}}
            self._server.call("POST", "/_aliases", {"actions": [action]}, name=self.name)
            return
        for _ in range(CREATE_ATTEMPTS):
            # The number before the alias: if another client creates the index in between, our number is taken, and
            # there is never a second index.
            version = next_version(self._server, self.name)
            try:
                return self._check(self.model(), model)
            except IndexMissing:
                create(self._server, self.name, version, model, self._options)
        raise IndexConflict(f"Index {self.name} at {self._server} is deleted each time it is created.", "Try again.")

    def model(self) -> ModelIdentity:
        return self._resolve().model

    def version(self) -> str:
        return self._resolve().name

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        if is_fresh:
            found = self._fetch(ids, STORED_FIELDS)
        else:
            found = scroll.find(self._server, self.name, ids, STORED_FIELDS)
        return {id: _stored(source) for id, source in found.items()}

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        if not documents:
            return []
        valid, rejected = validate(documents, self.name, self.model())
        return rejected + self._writer.send(bulk.index_operation(document) for document in valid)

    def search(
        self, vector: Vector, k: int, filters: Mapping[str, str] | None = None, *, fingerprint: str | None = None
    ) -> list[Match]:
        return self._search(vector, k, filters, fingerprint)

    def get(self, id: str) -> Document | None:
        source = self._fetch([id], bulk.SOURCE_FIELDS).get(id)
        return None if source is None else _document(id, source)

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        return scroll.scan(self._server, self.name, prefix)

    def scan_times(self) -> Iterator[tuple[str, str, str]]:
        return scroll.scan_times(self._server, self.name)

    def scan_documents(self, batch_size: int = DOCUMENTS_PER_BATCH) -> Iterator[list[Document]]:
        for sources in scroll.sources(self._server, self.name, bulk.SOURCE_FIELDS, batch_size):
            yield [_document(id, source) for id, source in sources.items()]

    def delete(self, ids: Iterable[str]) -> None:
        self._writer.send(bulk.delete_operation(id) for id in ids)

    def discard(self, documents: Mapping[str, Stored]) -> None:
        now = self._multi_get(list(documents), STORED_FIELDS)
        same = [item for item in now if _stored(item["_source"]) == documents[item["_id"]]]
        self._writer.send(bulk.discard_operation(item["_id"], item["_seq_no"], item["_primary_term"]) for item in same)

    def definition(self) -> dict[str, Any]:
        (index,) = self._call("GET", "").values()
        return {"settings": index["settings"]["index"], "mappings": index["mappings"]}

    def count(self) -> int:
        return int(self._call("GET", "/_count")["count"])

    def labels(self, limit: int) -> dict[str, int]:
        by_name = {"terms": {"field": "name", "size": limit, "order": [{"_count": "desc"}, {"_key": "asc"}]}}
        answer = self._call("POST", "/_search", {"size": 0, "aggs": {"names": by_name}})
        return {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["names"]["buckets"]}

    def refresh(self) -> None:
        self._call("POST", "/_refresh")

    def begin_load(self) -> None:
        bulk_load.begin(self._server, self.version(), self.name)

    def is_loading(self) -> bool:
        return bulk_load.has_begun(self._server, self.version(), self.name)

    def end_load(self) -> None:
        bulk_load.end(self._server, self.version(), self.name)
        self.refresh()

    def optimize(self, segments: int = 1) -> Iterator[int]:
        return force_merge.merge(self._server, self.version(), self.name, segments)

    def drop(self) -> None:
        self._server.call("DELETE", f"/{self.version()}", name=self.name)

    def close(self) -> None:
        self._server.close()

    def _call(self, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        return self._server.call(method, f"/{self.name}{path}", body, name=self.name, **parameters)

    def _resolve(self) -> Version:
        return resolve(self._server, self.name)

    def _check(self, existing: ModelIdentity, model: ModelIdentity) -> None:
        if existing.fingerprint != model.fingerprint:
            raise ModelMismatch(self.name, str(existing), str(model))

    def _fetch(self, ids: Sequence[str], wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The wanted fields by id, with writes since the last refresh."""
        return {item["_id"]: item["_source"] for item in self._multi_get(ids, wanted)}

    def _multi_get(self, ids: Sequence[str], wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The documents that exist, each with the wanted fields and its sequence number."""
        for start in range(0, len(ids), IDS_PER_REQUEST):
            body = {"ids": list(ids[start : start + IDS_PER_REQUEST])}
            for item in self._call("POST", "/_mget", body, _source_includes=",".join(wanted))["docs"]:
                if error := item.get("error"):
                    raise self._server.error_for(_status(error), error, self.name)
                if item["found"]:
                    yield item


def _stored(source: Mapping[str, Any]) -> Stored:
    # OpenSearch omits an empty object from a filtered source.
    return Stored(**{"name": None, "metadata": {}, **source})


def _document(id: str, source: Mapping[str, Any]) -> Document:
    import numpy as np  # not in the base installation

    vector = np.asarray(source["image_embedding"], dtype=np.float32)
    return Document(**{"name": None, "metadata": {}, **source, "id": id, "image_embedding": vector})


def _status(error: Mapping[str, Any]) -> int:
    """An error inside a multi-get has no HTTP status."""
    return 404 if error.get("type") == "index_not_found_exception" else 503

"""Documents in OpenSearch: an alias before a numbered index, written in bulk; knows no client library."""

import itertools
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lookalike.errors import IndexConflict, IndexMissing, IndexUnavailable, ModelMismatch
from lookalike.index import address, bulk, loading, mapping, scanning
from lookalike.index.base import IndexInfo, IndexOptions
from lookalike.index.checks import check_filters, check_query, sift
from lookalike.index.opensearch import Server
from lookalike.index.verdict import failure
from lookalike.records import Document, Match, Metric, ModelIdentity, Rejected, Stored, Vector

#: The n-th pause of a push-back is drawn from [0, FIRST_PAUSE_S * 2**n], at most LONGEST_PAUSE_S.
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
#: Identifiers asked for in one request.
IDS_PER_REQUEST = 1000
#: Two creators at once need two rounds at most; one more for a name that was dropped in between.
CREATE_ATTEMPTS = 3
STORED_FIELDS = ("content_sha256", "model", "chunk", "name", "metadata")
BULK_ANSWER = "items.*.status,items.*.error"
MATCH_FIELDS = ("uri", "name", "metadata")


class OpenSearchIndex:
    """See `Index`. Safe to share between threads."""

    def __init__(self, url: str, name: str, options: IndexOptions) -> None:
        self.name = name
        self._options = options
        self._server = Server(address.parse(url, options), options)

    def ensure(self, model: ModelIdentity) -> None:
        for _ in range(CREATE_ATTEMPTS):
            # Numbers before the alias: whoever creates in between makes our number taken, never a second index.
            physical = self._next_physical()
            try:
                kept = self.model()
            except IndexMissing:
                self._create(physical, model)
                continue
            if kept.fingerprint != model.fingerprint:
                raise ModelMismatch(self.name, str(kept), str(model))
            return
        raise IndexConflict(f"Index {self.name} at {self._server} disappears as soon as it is created.")

    def model(self) -> ModelIdentity:
        return self._described()[1]

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        if is_fresh:
            found = self._fetch(ids, STORED_FIELDS)
        else:
            found = scanning.find(self._server, self.name, ids, STORED_FIELDS)
        return {id: _stored(source) for id, source in found.items()}

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        if not documents:
            return []
        fit, rejected = sift(documents, self.name, self.model())
        return rejected + self._perform(bulk.indexing(document) for document in fit)

    def search(self, vector: Vector, k: int, filters: Mapping[str, str] | None = None) -> list[Match]:
        model = self.model()
        check_query(vector, model)
        nearest = {
            "vector": vector,
            "k": k,
            "method_parameters": {"ef_search": max(k, self._options.ef_search)},
        }
        if terms := [{"term": {field: value}} for field, value in check_filters(filters).items()]:
            # Inside the k-NN clause it is applied while searching, so k matches come back if there are k.
            nearest["filter"] = {"bool": {"filter": terms}}
        query = {"size": k, "_source": MATCH_FIELDS, "query": {"knn": {"image_embedding": nearest}}}
        hits = self._call("POST", "/_search", query)["hits"]["hits"]
        return [_match(hit, model.metric) for hit in hits]

    def get(self, id: str) -> Document | None:
        source = self._fetch([id], bulk.SOURCE_FIELDS).get(id)
        if source is None:
            return None
        vector = np.asarray(source.pop("image_embedding"), dtype=np.float32)
        return Document(id=id, image_embedding=vector, **source)

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        return scanning.scan(self._server, self.name, prefix)

    def delete(self, ids: Iterable[str]) -> None:
        self._perform(bulk.deletion(id) for id in ids)

    def count(self) -> int:
        return int(self._call("GET", "/_count")["count"])

    def labels(self, limit: int) -> dict[str, int]:
        by_name = {"terms": {"field": "name", "size": limit, "order": [{"_count": "desc"}, {"_key": "asc"}]}}
        answer = self._call("POST", "/_search", {"size": 0, "aggs": {"names": by_name}})
        return {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["names"]["buckets"]}

    def refresh(self) -> None:
        self._call("POST", "/_refresh")

    def begin_load(self) -> None:
        loading.begin(self._server, self._described()[0], self.name)

    def is_loading(self) -> bool:
        return loading.is_on(self._server, self._described()[0], self.name)

    def settle(self) -> None:
        loading.end(self._server, self._described()[0], self.name)
        self.refresh()

    def drop(self) -> None:
        physical, _ = self._described()
        self._server.call("DELETE", f"/{physical}", name=self.name)

    def close(self) -> None:
        self._server.close()

    def _call(self, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        return self._server.call(method, f"/{self.name}{path}", body, name=self.name, **parameters)

    def _described(self) -> tuple[str, ModelIdentity]:
        """The physical index behind the alias, and its model. Raises IndexConflict for what is not ours."""
        behind = self._call("GET", "/_mapping")
        if len(behind) != 1:
            targets = ", ".join(sorted(behind))
            raise IndexConflict(f"Alias {self.name} at {self._server} points to several indexes: {targets}.")
        physical, answer = next(iter(behind.items()))
        model = mapping.described(answer["mappings"])
        if model is None or physical == self.name:
            raise IndexConflict(
                f"Index {self.name} at {self._server} was not made by lookalike.", "Choose another (--index)."
            )
        return physical, model

    def _next_physical(self) -> str:
        taken = self._server.call("GET", f"/{self.name}-v*/_settings/index.uuid", name=self.name)
        numbers = [number for physical in taken if (number := physical.rpartition("-v")[2]).isdecimal()]
        return f"{self.name}-v{max(map(int, numbers), default=0) + 1}"

    def _create(self, physical: str, model: ModelIdentity) -> None:
        body = mapping.definition(self.name, model, self._options)
        try:
            self._server.call("PUT", f"/{physical}", body, name=self.name)
        except IndexConflict as error:
            # The other creator's index is as good; `ensure` looks at its model next.
            if "resource_already_exists_exception" not in error.what:
                raise

    def _fetch(self, ids: Sequence[str], wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The wanted fields by id, unrefreshed writes included."""
        found = {}
        for start in range(0, len(ids), IDS_PER_REQUEST):
            body = {"ids": list(ids[start : start + IDS_PER_REQUEST])}
            for item in self._call("POST", "/_mget", body, _source_includes=",".join(wanted))["docs"]:
                if error := item.get("error"):
                    raise self._server.failure(_status(error), error, self.name)
                if item["found"]:
                    found[item["_id"]] = item["_source"]
        return found

    def _perform(self, operations: Iterable[bulk.Operation]) -> list[Rejected]:
        deadline = time.monotonic() + self._options.patience_s
        pieces = bulk.cut(operations)
        return list(itertools.chain.from_iterable(self._insist(piece, deadline) for piece in pieces))

    def _insist(self, operations: list[bulk.Operation], deadline: float) -> list[Rejected]:
        """Send the operations, then again those that failed for now, until the deadline. Raises IndexUnavailable."""
        rejected = []
        for attempt in itertools.count():
            tally = self._attempt(operations)
            rejected += tally.rejected
            operations = tally.again
            if not operations:
                break
            # Full jitter, so that workers which were pushed back together do not come back together.
            pause_s = random.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt))
            if time.monotonic() + pause_s > deadline:
                raise IndexUnavailable(str(self._server), tally.why)
            time.sleep(pause_s)
        return rejected

    def _attempt(self, operations: list[bulk.Operation]) -> bulk.Tally:
        body = b"".join(operation.body for operation in operations)
        try:
            answer = self._call("POST", "/_bulk", body, require_alias="true", filter_path=BULK_ANSWER)
            return bulk.tally(operations, answer["items"])
        except IndexUnavailable as error:
            return bulk.Tally(again=operations, why=error.why)
        except bulk.Fatal as error:
            raise failure(error.verdict, str(self._server), self.name, error.why) from error


def list_indexes(url: str, options: IndexOptions) -> list[IndexInfo]:
    """Every alias of ours and what it points to, by name."""
    server = Server(address.parse(url, options), options)
    try:
        behind = server.call("GET", "/_all", filter_path="*.aliases,*.mappings._meta")
        sizes = server.call("GET", "/_stats/docs,store", filter_path="indices.*.total.store,indices.*.primaries.docs")
    finally:
        server.close()
    rows = []
    for physical, answer in behind.items():
        model = mapping.described(answer.get("mappings", {}))
        size = sizes.get("indices", {}).get(physical)
        if model and size:
            documents, size_bytes = size["primaries"]["docs"]["count"], size["total"]["store"]["size_in_bytes"]
            rows += [IndexInfo(name, physical, model, documents, size_bytes) for name in answer.get("aliases", ())]
    return sorted(rows, key=lambda row: row.name)


def _stored(source: Mapping[str, Any]) -> Stored:
    # OpenSearch leaves an empty object out of a filtered source.
    return Stored(**{"name": None, "metadata": {}, **source})


def _match(hit: Mapping[str, Any], metric: Metric) -> Match:
    source = hit["_source"]
    # Lucene and faiss turn a cosine into (1 + cosine) / 2, because scores must not be negative; L2 needs nothing:
    # https://docs.opensearch.org/latest/mappings/supported-field-types/knn-spaces/
    score = 2 * hit["_score"] - 1 if metric is Metric.COSINE else hit["_score"]
    return Match(hit["_id"], source["uri"], source.get("name"), score, source.get("metadata", {}))


def _status(error: Mapping[str, Any]) -> int:
    """An error inside a multi-get comes without its status."""
    return 404 if error.get("type") == "index_not_found_exception" else 503

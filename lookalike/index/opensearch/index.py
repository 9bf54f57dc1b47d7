"""Documents in OpenSearch: an alias before a numbered index, written in bulk; knows no client library."""

import itertools
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lookalike.errors import IndexConflict, IndexMissing, IndexUnavailable, ModelMismatch
from lookalike.index.base import IndexOptions
from lookalike.index.checks import is_version, sift
from lookalike.index.opensearch import address, bulk, bulk_load, force_merge, scroll
from lookalike.index.opensearch.aliases import Version, create, described, next_physical, writes_of
from lookalike.index.opensearch.search import Search
from lookalike.index.opensearch.server import Server
from lookalike.index.opensearch.status import failure
from lookalike.records import Document, Match, ModelIdentity, Rejected, Stored, Vector

#: The n-th pause of a push-back is drawn from [0, FIRST_PAUSE_S * 2**n], at most LONGEST_PAUSE_S.
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
#: Identifiers asked for in one request.
IDS_PER_REQUEST = 1000
#: Two creators at once need two rounds at most; one more for a name that was dropped in between.
CREATE_ATTEMPTS = 3
STORED_FIELDS = ("content_sha256", "model", "chunk", "name", "metadata")
BULK_ANSWER = "items.*.status,items.*.error"


class OpenSearchIndex:
    """See `Index`. Safe to share between threads."""

    def __init__(self, url: str, name: str, options: IndexOptions) -> None:
        self.name = name
        # An alias of its own, so that writing to a version that is gone creates nothing either.
        self._writes = writes_of(name) if is_version(name) else name
        self._options = options
        self._server = Server(address.parse(url, options), options)
        self._search = Search(self._server, name, options)

    def ensure(self, model: ModelIdentity) -> None:
        if is_version(self.name):
            self._check(self.model(), model)
            action = {"add": {"index": self.name, "alias": self._writes, "is_hidden": True}}
            self._server.call("POST", "/_aliases", {"actions": [action]}, name=self.name)
            return
        for _ in range(CREATE_ATTEMPTS):
            # Numbers before the alias: whoever creates in between makes our number taken, never a second index.
            physical = next_physical(self._server, self.name)
            try:
                return self._check(self.model(), model)
            except IndexMissing:
                create(self._server, self.name, physical, model, self._options)
        raise IndexConflict(f"Index {self.name} at {self._server} disappears as soon as it is created.")

    def model(self) -> ModelIdentity:
        return self._described().model

    def physical(self) -> str:
        return self._described().physical

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        if is_fresh:
            found = self._fetch(ids, STORED_FIELDS)
        else:
            found = scroll.find(self._server, self.name, ids, STORED_FIELDS)
        return {id: _stored(source) for id, source in found.items()}

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        if not documents:
            return []
        fit, rejected = sift(documents, self.name, self.model())
        return rejected + self._perform(bulk.indexing(document) for document in fit)

    def search(
        self, vector: Vector, k: int, filters: Mapping[str, str] | None = None, *, fingerprint: str | None = None
    ) -> list[Match]:
        return self._search(vector, k, filters, fingerprint)

    def get(self, id: str) -> Document | None:
        source = self._fetch([id], bulk.SOURCE_FIELDS).get(id)
        if source is None:
            return None
        import numpy as np  # not in the base installation

        vector = np.asarray(source.pop("image_embedding"), dtype=np.float32)
        return Document(id=id, image_embedding=vector, **source)

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        return scroll.scan(self._server, self.name, prefix)

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
        bulk_load.begin(self._server, self.physical(), self.name)

    def is_loading(self) -> bool:
        return bulk_load.is_on(self._server, self.physical(), self.name)

    def end_load(self) -> None:
        bulk_load.end(self._server, self.physical(), self.name)
        self.refresh()

    def optimize(self, segments: int = 1) -> Iterator[int]:
        return force_merge.merge(self._server, self.physical(), self.name, segments)

    def drop(self) -> None:
        self._server.call("DELETE", f"/{self.physical()}", name=self.name)

    def close(self) -> None:
        self._server.close()

    def _call(self, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        return self._server.call(method, f"/{self.name}{path}", body, name=self.name, **parameters)

    def _described(self) -> Version:
        return described(self._server, self.name)

    def _check(self, kept: ModelIdentity, model: ModelIdentity) -> None:
        if kept.fingerprint != model.fingerprint:
            raise ModelMismatch(self.name, str(kept), str(model))

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
            parameters = {"require_alias": "true", "filter_path": BULK_ANSWER}
            answer = self._server.call("POST", f"/{self._writes}/_bulk", body, name=self.name, **parameters)
            return bulk.tally(operations, answer["items"])
        except IndexUnavailable as error:
            return bulk.Tally(again=operations, why=error.why)
        except bulk.Fatal as error:
            raise failure(error.verdict, str(self._server), self.name, error.why) from error


def _stored(source: Mapping[str, Any]) -> Stored:
    # OpenSearch leaves an empty object out of a filtered source.
    return Stored(**{"name": None, "metadata": {}, **source})


def _status(error: Mapping[str, Any]) -> int:
    """An error inside a multi-get comes without its status."""
    return 404 if error.get("type") == "index_not_found_exception" else 503

"""Documents in OpenSearch: an alias that points to a numbered index."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lookalike.errors import IndexConflict, IndexMissing, LookalikeError, ModelMismatch
from lookalike.filters import Filters, Scalar
from lookalike.index import declared
from lookalike.index.annotation import Annotated, Annotation, annotated, outcome
from lookalike.index.base import DOCUMENTS_PER_BATCH, VectorQuery
from lookalike.index.bound import bind, bounds_place, facet_place, facet_places, least, sort_place
from lookalike.index.checks import check_filters, is_version, valid_text, validate
from lookalike.index.opensearch import (
    address,
    bulk,
    bulk_load,
    facets,
    filtering,
    force_merge,
    kept_map,
    layout,
    multi_get,
    scroll,
)
from lookalike.index.opensearch import listing as pages
from lookalike.index.opensearch import tally as counting
from lookalike.index.opensearch.aliases import Version, create, delete, next_version, resolve, write_alias_of
from lookalike.index.opensearch.bulk_writer import BulkWriter
from lookalike.index.opensearch.document_writer import DocumentWriter
from lookalike.index.opensearch.search import Search
from lookalike.index.opensearch.server import Server
from lookalike.index.options import IndexOptions
from lookalike.index.tally import FieldTally, Tally
from lookalike.metadata import Fields
from lookalike.queries.listing import Listing, Row
from lookalike.records import Document, Match, ModelIdentity, Rejected, Stored, Vector

#: Two clients that create the same index need two rounds at most; one more for an index that is dropped meanwhile.
CREATE_ATTEMPTS = 3
#: A server that has taken a mapping shows it within so long, even if it is busy.
SHOWN_WITHIN_S = 5.0
LOOK_PAUSE_S = 0.05
STORED_FIELDS = ("content_sha256", "model", "chunk", "name", "etag", *layout.OBJECTS)
DOCUMENT_FIELDS = (*bulk.SOURCE_FIELDS, *layout.LATER, *layout.OBJECTS)


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
        self._documents = DocumentWriter(self._server, self._writer)

    def ensure(self, model: ModelIdentity) -> None:
        if is_version(self.name):
            self._check(self._resolve(), model)
            self._add_write_alias()
            return
        for _ in range(CREATE_ATTEMPTS):
            # The number before the alias: if another client creates the index in between, our number is taken, and
            # there is never a second index.
            version = next_version(self._server, self.name)
            try:
                return self._check(self._resolve(), model)
            except IndexMissing:
                create(self._server, self.name, version, model, self._options, fields=None)
        raise IndexConflict(f"Index {self.name} at {self._server} is deleted each time it is created.", "Try again.")

    def model(self) -> ModelIdentity:
        return self._resolve().model

    def version(self) -> str:
        return self._resolve().name

    def fields(self) -> Fields:
        return self._resolve().layout.fields

    def declare(self, fields: Fields) -> None:
        self._declare(self._resolve(), fields)

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        if is_fresh:
            found = self._fetch(ids, STORED_FIELDS)
        else:
            found = scroll.find(self._server, self.name, ids, STORED_FIELDS)
        return {id: _stored(source) for id, source in found.items()}

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        if not documents:
            return []
        version = self._resolve()
        valid, rejected = validate(documents, self.name, version.model)
        version = self._with_fields(version, valid)
        fitting, unfit = declared.fit(valid, version.layout.fields)
        return rejected + unfit + self._documents.write(fitting, version.layout)

    def encoder(self) -> Callable[[Sequence[Document]], bytes]:
        """The function that makes the body which `write` would send for documents now. It sends nothing."""
        return self._documents.encoder(self._resolve().layout)

    def search(
        self,
        vector: Vector,
        k: int,
        filters: Filters | None = None,
        *,
        fingerprint: str | None = None,
        exact: bool = False,
    ) -> list[Match]:
        return self._search(VectorQuery(vector, k, check_filters(filters), fingerprint, exact))

    def search_each(self, queries: Sequence[VectorQuery]) -> list[list[Match] | LookalikeError]:
        return self._search.each(queries)

    def get(self, id: str) -> Document | None:
        source = self._fetch([id], DOCUMENT_FIELDS).get(id)
        return None if source is None else _document(id, source)

    def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        return {id: _document(id, source) for id, source in self._fetch(ids, DOCUMENT_FIELDS).items()}

    def vectors(self, ids: Sequence[str]) -> dict[str, Vector]:
        found = self._fetch(ids, [bulk.VECTOR])
        return {id: bulk.read_vector(source[bulk.VECTOR]) for id, source in found.items()}

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        return scroll.scan(self._server, self.name, prefix)

    def scan_times(self) -> Iterator[tuple[str, str, str]]:
        return scroll.scan_times(self._server, self.name)

    def scan_values(self, field: str) -> Iterator[tuple[str, Scalar | None]]:
        now = self._resolve().layout
        place = facet_place(field, now.fields, self.name)
        path = filtering.path_of(place, now)
        found = scroll.scan_values(self._server, self.name, path)
        return ((id, place.shown(least(values)) if values else None) for id, values in found)

    def addresses(self, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        found = scroll.find(self._server, self.name, ids, ["uri", "name"])
        return {id: (source["uri"], source.get("name")) for id, source in found.items()}

    def scan_documents(
        self, batch_size: int = DOCUMENTS_PER_BATCH, filters: Filters | None = None
    ) -> Iterator[list[Document]]:
        _, query = self._matching(filters)
        for sources in scroll.sources(self._server, self.name, DOCUMENT_FIELDS, batch_size, query):
            yield [_document(id, source) for id, source in sources.items()]

    def listed(self, listing: Listing) -> list[Row]:
        now, query = self._matching(listing.filters)
        place = None if listing.is_random else sort_place(listing.order.field, now.fields, self.name)
        answer = self._query("/_search", pages.searching(listing, place, query, now))
        return list(pages.rows(answer))

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        version = self._resolve()
        # A page at a time: each document comes and goes with its vector.
        pages = [self._annotate(version, page, annotations) for page in _pages(list(annotations))]
        return Annotated(
            frozenset().union(*(page.done for page in pages)), [item for page in pages for item in page.rejected]
        )

    def delete(self, ids: Iterable[str]) -> None:
        self._writer.send(bulk.delete_operation(id) for id in ids)

    def discard(self, documents: Mapping[str, Stored]) -> None:
        now = self._multi_get(list(documents), STORED_FIELDS)
        same = [item for item in now if _stored(item["_source"]) == documents[item["_id"]]]
        self._writer.send(bulk.discard_operation(item["_id"], item["_seq_no"], item["_primary_term"]) for item in same)

    def definition(self) -> dict[str, Any]:
        (index,) = self._call("GET", "").values()
        return {"settings": index["settings"]["index"], "mappings": index["mappings"]}

    def count(self, filters: Filters | None = None) -> int:
        if filters is None:
            return int(self._query("/_count", None)["count"])
        _, query = self._matching(filters)
        return int(self._query("/_count", {"query": query})["count"])

    def labels(self, limit: int, filters: Filters | None = None) -> dict[str, int]:
        return {str(value): count for value, count in self.facet("label", limit, filters).items()}

    def facet(self, field: str, limit: int, filters: Filters | None = None) -> dict[Scalar, int]:
        now, query = self._matching(filters)
        place = facet_place(field, now.fields, self.name)
        path = filtering.path_of(place, now)
        return facets.counts(self._query("/_search", facets.counting(path, limit, query)), place)

    def bounds(self, field: str, filters: Filters | None = None) -> tuple[Scalar, Scalar] | None:
        now, query = self._matching(filters)
        place = bounds_place(field, now.fields, self.name)
        path = filtering.path_of(place, now)
        found = [self._query("/_search", body) for body in facets.extremes(path, query)]
        return facets.bounds(found, place)

    def tally(self, fields: Sequence[str] | None, limit: int, filters: Filters | None = None) -> Tally:
        now, query = self._matching(filters)
        places = facet_places(fields, now.fields, self.name)
        answer = self._query("/_search", counting.tallying(places, now, limit, query))
        found = (self._exact(tally, filters) for tally in counting.tallies(answer, places))
        return Tally(answer["hits"]["total"]["value"], tuple(found))

    def histograms(
        self, ranges: Mapping[str, Sequence[Scalar]], filters: Filters | None = None
    ) -> dict[str, list[int]]:
        now, query = self._matching(filters)
        places = {field: bounds_place(field, now.fields, self.name) for field in ranges}
        answer = self._query("/_search", counting.ranging(ranges, places, query, now))
        return counting.ranged(answer, list(ranges))

    def write_map(self, data: bytes) -> None:
        kept_map.write(self._server, self.version(), self.name, data)

    def read_map(self) -> bytes | None:
        return kept_map.read(self._server, self.version(), self.name)

    def map_tag(self) -> str | None:
        return kept_map.tag(self._server, self.version(), self.name)

    def refresh(self) -> None:
        self._call("POST", "/_refresh")

    def begin_load(self) -> None:
        bulk_load.begin(self._server, self._resolve(), self.name)

    def is_loading(self) -> bool:
        return bulk_load.has_begun(self._server, self.version(), self.name)

    def end_load(self) -> None:
        version = self.version()
        if is_version(self.name):
            # A load through the name of the index is ended by that of its version: one document of each shard is
            # written again.
            self._add_write_alias()
        bulk_load.end(self._server, self._writer, version, self.name)

    def build_ann(self, within_s: float, check: Callable[[], None] = lambda: None) -> None:
        """Does nothing: the server builds a graph for each segment."""

    def optimize(self, segments: int = 1) -> Iterator[int]:
        return force_merge.merge(self._server, self.version(), self.name, segments)

    def drop(self) -> None:
        delete(self._server, self.version(), self.name)

    def close(self) -> None:
        self._server.close()

    def _annotate(self, version: Version, ids: list[str], annotations: Mapping[str, Annotation]) -> Annotated:
        now = {item["_id"]: item for item in self._multi_get(ids, DOCUMENT_FIELDS)}
        found = [_document(id, item["_source"]) for id, item in now.items()]
        changed, rejected = valid_text(annotated(annotations, found))
        version = self._with_fields(version, changed)
        fitting, unfit = declared.fit(changed, version.layout.fields)
        sent = self._writer.send(
            bulk.index_operation(document, version.layout, after=_position(now[document.id])) for document in fitting
        )
        return outcome(changed, rejected + unfit + sent.rejected, sent.overtaken)

    def _call(self, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        return self._server.call(method, f"/{self.name}{path}", body, name=self.name, **parameters)

    def _query(self, path: str, body: Any) -> Any:
        return self._server.query(f"/{self.name}{path}", body, name=self.name)

    def _resolve(self) -> Version:
        return resolve(self._server, self.name)

    def _add_write_alias(self) -> None:
        action = {"add": {"index": self.name, "alias": self._write_alias, "is_hidden": True}}
        self._server.call("POST", "/_aliases", {"actions": [action]}, name=self.name)

    def _check(self, existing: Version, model: ModelIdentity) -> None:
        if existing.model.fingerprint != model.fingerprint:
            raise ModelMismatch(self.name, str(existing.model), str(model))
        if lacking := layout.LATER.keys() - existing.layout.later:
            self._extend(existing, {name: layout.LATER[name] for name in lacking})

    def _matching(self, filters: Filters | None) -> tuple[layout.Layout, filtering.Query]:
        """The layout of the index, and the query for the documents that meet the filters."""
        now = self._resolve().layout
        bound = bind(check_filters(filters), now.fields, self.name, has_texts=now.has_texts)
        return now, filtering.matching(bound, now)

    def _exact(self, tally: FieldTally, filters: Filters | None) -> FieldTally:
        if counting.is_exact(tally):
            return tally
        return replace(tally, bounds=self.bounds(str(tally.place), filters))

    def _with_fields(self, version: Version, documents: Sequence[Document]) -> Version:
        """The version, with the fields that these documents use first."""
        while new := declared.first_used(documents, version.layout.fields):
            try:
                self._declare(version, new)
            except IndexConflict:
                # Another client has declared one of them with another type meanwhile: then that type holds. The server
                # took none of ours.
                now = self._after_conflict(version)
                if now.layout.fields == version.layout.fields:
                    raise
                version = now
            else:
                version = self._resolve()
        return version

    def _declare(self, version: Version, fields: Fields) -> None:
        new = declared.undeclared(version.layout.fields, fields, self.name)
        if not new:
            return
        try:
            self._extend(version, layout.properties(version.layout.root, new))
        except IndexConflict:
            # Tell what another client has declared meanwhile, if that is why.
            declared.undeclared(self._after_conflict(version).layout.fields, fields, self.name)
            raise

    def _after_conflict(self, version: Version) -> Version:
        """The version with what another client has declared: the server refuses a type a moment before it shows the one
        that it has taken."""
        ends_at = time.monotonic() + SHOWN_WITHIN_S
        while (now := self._resolve()).layout.fields == version.layout.fields and time.monotonic() < ends_at:
            time.sleep(LOOK_PAUSE_S)
        return now

    def _extend(self, version: Version, properties: Mapping[str, Any]) -> None:
        """Add properties to the mapping. The server merges those of several clients, and refuses another type."""
        self._server.call("PUT", f"/{version.name}/_mapping", {"properties": properties}, name=self.name)

    def _fetch(self, ids: Sequence[str], wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The wanted fields by id, with writes since the last refresh."""
        return {item["_id"]: item["_source"] for item in self._multi_get(ids, wanted)}

    def _multi_get(self, ids: Sequence[str], wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
        return multi_get.found(self._server, self.name, self.name, ids, wanted)


def _pages(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + DOCUMENTS_PER_BATCH] for start in range(0, len(ids), DOCUMENTS_PER_BATCH))


def _position(item: Mapping[str, Any]) -> tuple[int, int]:
    """Which write of the document this is: its sequence number and primary term."""
    return item["_seq_no"], item["_primary_term"]


def _stored(source: Mapping[str, Any]) -> Stored:
    return Stored(**{"name": None, **_whole(source)})


def _document(id: str, source: Mapping[str, Any]) -> Document:
    return Document(**{"name": None, **_whole(source), "id": id, bulk.VECTOR: bulk.read_vector(source[bulk.VECTOR])})


def _whole(source: Mapping[str, Any]) -> dict[str, Any]:
    """The source, with its metadata in one place."""
    rest = {name: value for name, value in source.items() if name not in layout.OBJECTS}
    return rest | {"metadata": layout.metadata_of(source)}

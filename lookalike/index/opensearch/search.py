"""Searches in one OpenSearch index, with one request for most of them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from lookalike.errors import PermanentError
from lookalike.filters import Condition, Filters
from lookalike.index.bound import bind
from lookalike.index.checks import check_filters, check_query
from lookalike.index.opensearch import filtering, layout
from lookalike.index.opensearch.aliases import Version, resolve
from lookalike.index.opensearch.knn import exact_query, exact_similarity, knn_query, similarity
from lookalike.index.opensearch.server import Server
from lookalike.index.options import IndexOptions
from lookalike.records import Match, Vector

MATCH_FIELDS = ("uri", "name", "model", *layout.OBJECTS)

Hits = list[dict[str, Any]]


class Search:
    """See `Index.search`. Caches the version that answered last; the hits show whether the name still points to it."""

    def __init__(self, server: Server, name: str, options: IndexOptions) -> None:
        self._server = server
        self._name = name
        self._ef_search = options.ef_search
        self._last: Version | None = None

    def __call__(
        self, vector: Vector, k: int, filters: Filters | None, fingerprint: str | None, exact: bool
    ) -> list[Match]:
        conditions = check_filters(filters)
        last = self._last
        if last is not None and last.model.fingerprint == fingerprint:
            check_query(vector, last.model, self._name, fingerprint)
            # If this fails or finds nothing, the search below gives the exact error or result.
            with suppress(PermanentError):
                hits = self._hits(self._name, last, vector, k, conditions, exact)
                if hits and all(_is_of(hit, last) for hit in hits):
                    return [_match(hit, last, exact) for hit in hits]
        version = self._last = resolve(self._server, self._name)
        check_query(vector, version.model, self._name, fingerprint)
        # Search the version that was checked, not the alias, which may move in between.
        hits = self._hits(version.name, version, vector, k, conditions, exact)
        return [_match(hit, version, exact) for hit in hits]

    def _hits(
        self, index: str, version: Version, vector: Vector, k: int, conditions: Sequence[Condition], exact: bool
    ) -> Hits:
        bound = bind(conditions, version.layout.fields, self._name, has_texts=version.layout.has_texts)
        filters = filtering.clauses(bound, version.layout)
        if exact:
            query = exact_query(vector, filters, version.model.metric)
        else:
            query = knn_query(
                vector,
                k,
                filters,
                engine=version.engine,
                ef_search=self._ef_search,
                bits=version.bits,
            )
        body = {"size": k, "_source": MATCH_FIELDS, "query": query}
        hits: Hits = self._server.call("POST", f"/{index}/_search", body, name=self._name)["hits"]["hits"]
        return hits


def _is_of(hit: Mapping[str, Any], version: Version) -> bool:
    return (hit["_index"], hit["_source"]["model"]) == (version.name, version.model.fingerprint)


def _match(hit: Mapping[str, Any], version: Version, exact: bool) -> Match:
    source = hit["_source"]
    if exact:
        score = exact_similarity(hit["_score"], version.model.metric)
    else:
        score = similarity(hit["_score"], version.model.metric, version.engine)
    return Match(hit["_id"], source["uri"], source.get("name"), score, layout.metadata_of(source))

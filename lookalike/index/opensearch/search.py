"""Searches in one OpenSearch index, with one request for most of them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from lookalike.errors import ImageRejected, LookalikeError, PermanentError
from lookalike.index.base import VectorQuery
from lookalike.index.bound import bind
from lookalike.index.checks import check_filters, check_query
from lookalike.index.opensearch import filtering, layout
from lookalike.index.opensearch.aliases import Version, resolve
from lookalike.index.opensearch.knn import exact_query, exact_similarity, knn_query, similarity
from lookalike.index.opensearch.server import Server
from lookalike.index.opensearch.status import is_whole
from lookalike.index.options import IndexOptions
from lookalike.index.outcomes import outcome
from lookalike.records import Match

MATCH_FIELDS = ("uri", "name", "model", "ingested_at", "taken_at_ms", *layout.OBJECTS)

Hits = list[dict[str, Any]]


class Search:
    """See `Index.search`. Caches the version that answered last; the hits show whether the name still points to it."""

    def __init__(self, server: Server, name: str, options: IndexOptions) -> None:
        self._server = server
        self._name = name
        self._ef_search = options.ef_search
        self._last: Version | None = None

    def __call__(self, query: VectorQuery) -> list[Match]:
        found = self._at_once([query])[0]
        return self._alone(query) if found is None else found

    def each(self, queries: Sequence[VectorQuery]) -> list[list[Match] | LookalikeError]:
        """See `Index.search_each`: one request for all, and further ones for those that it does not answer."""
        joined = zip(queries, self._at_once(queries), strict=True)
        return [outcome(self._alone, query) if found is None else found for query, found in joined]

    def _alone(self, query: VectorQuery) -> list[Match]:
        """A search of the version that the name points to now."""
        version = self._last = resolve(self._server, self._name)
        check_query(query.vector, version.model, self._name, query.fingerprint)
        # Search the version that was checked, not the alias, which may move in between.
        path = f"/{version.name}/_search"
        hits: Hits = self._server.query(path, self._body(query, version), name=self._name)["hits"]["hits"]
        return [_match(hit, version, query.exact) for hit in hits]

    def _at_once(self, queries: Sequence[VectorQuery]) -> list[list[Match] | None]:
        """The matches in the version that answered last; None where something else than matches comes back: then a
        search of its own gives the exact error or result."""
        last = self._last
        bodies: dict[int, dict[str, Any]] = {}
        for number, query in enumerate(queries):
            with suppress(PermanentError, ImageRejected):
                if last is not None and last.model.fingerprint == query.fingerprint:
                    check_query(query.vector, last.model, self._name, query.fingerprint)
                    bodies[number] = self._body(query, last)
        found: list[list[Match] | None] = [None] * len(queries)
        if last is not None and bodies:
            for number, hits in zip(bodies, self._hits(list(bodies.values())), strict=True):
                if hits and all(_is_of(hit, last) for hit in hits):
                    found[number] = [_match(hit, last, queries[number].exact) for hit in hits]
        return found

    def _hits(self, bodies: Sequence[dict[str, Any]]) -> list[Hits]:
        """The hits for each body of a search; none for one that fails, or that lacks a shard."""
        with suppress(PermanentError):
            if len(bodies) == 1:
                return [self._server.query(f"/{self._name}/_search", bodies[0], name=self._name)["hits"]["hits"]]
            lines = b"".join(b"{}\n" + orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for body in bodies)
            answers = self._server.call("POST", f"/{self._name}/_msearch", lines, name=self._name)["responses"]
            return [answer["hits"]["hits"] if is_whole(answer) else [] for answer in answers]
        return [[] for _ in bodies]

    def _body(self, query: VectorQuery, version: Version) -> dict[str, Any]:
        bound = bind(
            check_filters(query.filters), version.layout.fields, self._name, has_texts=version.layout.has_texts
        )
        filters = filtering.clauses(bound, version.layout)
        if query.exact:
            clause = exact_query(query.vector, filters, version.model.metric)
        else:
            clause = knn_query(
                query.vector, query.k, filters, engine=version.engine, ef_search=self._ef_search, bits=version.bits
            )
        return {"size": query.k, "_source": MATCH_FIELDS, "query": clause}


def _is_of(hit: Mapping[str, Any], version: Version) -> bool:
    return (hit["_index"], hit["_source"]["model"]) == (version.name, version.model.fingerprint)


def _match(hit: Mapping[str, Any], version: Version, exact: bool) -> Match:
    source = hit["_source"]
    if exact:
        score = exact_similarity(hit["_score"], version.model.metric)
    else:
        score = similarity(hit["_score"], version.model.metric, version.engine)
    return Match(
        hit["_id"],
        source["uri"],
        source.get("name"),
        score,
        layout.metadata_of(source),
        source["ingested_at"],
        source.get("taken_at_ms"),
    )

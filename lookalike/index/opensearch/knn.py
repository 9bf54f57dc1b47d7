"""The k-NN query for each engine, and the similarity behind its scores."""

from collections.abc import Sequence
from math import ceil
from typing import Any

from lookalike.errors import BadSetting
from lookalike.index.opensearch.vector_field import FLAT, FLOAT_BITS
from lookalike.records import Metric, Vector

#: With quantized vectors, this many times k candidates are rescored with their full vectors.
OVERSAMPLING = 3.0
#: With vectors of one bit, at least this many times ef_search: where 1,000 vectors are about equally near, recall@10
#: is .43 with 100 candidates, .91 with 500, and 1.0 with 1,000.
BIT_OVERSAMPLING = 10
#: What OpenSearch takes: times k, and in all.
MOST_OVERSAMPLING = 100
MOST_CANDIDATES = 10_000
#: Scores of an exact search: not negative, and independent of how a version of OpenSearch scales those of `knn_score`.
_SCRIPTS = {
    Metric.COSINE: "1.0 + cosineSimilarity(params.vector, doc['image_embedding'])",
    Metric.L2: "1.0 / (1.0 + l2Squared(params.vector, doc['image_embedding']))",
}


def knn_query(
    vector: Vector,
    k: int,
    filters: Sequence[dict[str, Any]],
    *,
    engine: str,
    ef_search: int,
    bits: int = FLOAT_BITS,
) -> dict[str, Any]:
    """The query for the k nearest documents, or a few more, that match all these queries. The index compares vectors
    of this many bits a dimension. Raises BadSetting if the engine cannot filter."""
    clause: dict[str, Any] = {"vector": vector, "k": k}
    # Versions of OpenSearch that have nmslib read its ef_search from the index's settings only; `flat` has none.
    if engine not in ("nmslib", FLAT):
        clause["method_parameters"] = {"ef_search": max(k, ef_search)}
    if engine == "nmslib" and filters:
        raise BadSetting("An index with the engine nmslib cannot filter.", "`lookalike reembed` makes one that can.")
    if bits < FLOAT_BITS:
        clause |= _rescoring(k, ef_search, bits)
    if filters:
        # Inside the k-NN clause the filter applies during the search, so k matches are found if there are k.
        clause["filter"] = {"bool": {"filter": list(filters)}}
    return {"knn": {"image_embedding": clause}}


def _rescoring(k: int, ef_search: int, bits: int) -> dict[str, Any]:
    """The k and the oversampling that rescore enough candidates."""
    if bits > 1:
        return {"rescore": {"oversample_factor": OVERSAMPLING}}
    candidates = min(MOST_CANDIDATES, max(OVERSAMPLING * k, BIT_OVERSAMPLING * ef_search))
    k = max(k, ceil(candidates / MOST_OVERSAMPLING))
    return {"k": k, "rescore": {"oversample_factor": max(1.0, candidates / k)}}


def similarity(score: float, metric: Metric, engine: str) -> float:
    """The cosine for a score, or for L2 the score itself.

    OpenSearch's scores are never negative: (1 + cosine) / 2 in Lucene and faiss, 1 / (2 - cosine) in nmslib. Source:
    https://docs.opensearch.org/latest/mappings/supported-field-types/knn-spaces/
    """
    if metric is Metric.L2:
        return score
    return 2 - 1 / score if engine == "nmslib" else 2 * score - 1


def exact_query(vector: Vector, filters: Sequence[dict[str, Any]], metric: Metric) -> dict[str, Any]:
    """The query that compares the vectors of all documents that match all these queries, without the graph. Source:
    https://docs.opensearch.org/latest/vector-search/vector-search-techniques/painless-functions/"""
    script = {"source": _SCRIPTS[metric], "params": {"vector": vector}}
    return {"script_score": {"query": {"bool": {"filter": list(filters)}}, "script": script}}


def exact_similarity(score: float, metric: Metric) -> float:
    """As `similarity`, for the score of `exact_query`."""
    return score if metric is Metric.L2 else score - 1

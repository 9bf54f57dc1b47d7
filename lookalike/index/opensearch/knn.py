"""The k-NN query for each engine, and the similarity behind its scores."""

from collections.abc import Sequence
from typing import Any

from lookalike.errors import BadSetting
from lookalike.records import Metric, Vector

#: With quantized vectors, this many times k candidates are rescored with their full vectors.
OVERSAMPLING = 3.0


def knn_query(
    vector: Vector,
    k: int,
    filters: Sequence[dict[str, Any]],
    *,
    engine: str,
    ef_search: int,
    is_quantized: bool = False,
) -> dict[str, Any]:
    """The query for the k nearest documents that match all these queries. Raises BadSetting if the engine cannot
    filter."""
    clause: dict[str, Any] = {"vector": vector, "k": k}
    # Versions of OpenSearch that have nmslib read its ef_search from the index's settings only.
    if engine != "nmslib":
        clause["method_parameters"] = {"ef_search": max(k, ef_search)}
    elif filters:
        raise BadSetting("An index with the engine nmslib cannot filter.", "`lookalike reembed` makes one that can.")
    if is_quantized:
        clause["rescore"] = {"oversample_factor": OVERSAMPLING}
    if filters:
        # Inside the k-NN clause the filter applies during the search, so k matches are found if there are k.
        clause["filter"] = {"bool": {"filter": list(filters)}}
    return {"knn": {"image_embedding": clause}}


def similarity(score: float, metric: Metric, engine: str) -> float:
    """The cosine for a score, or for L2 the score itself.

    OpenSearch's scores are never negative: (1 + cosine) / 2 in Lucene and faiss, 1 / (2 - cosine) in nmslib. Source:
    https://docs.opensearch.org/latest/mappings/supported-field-types/knn-spaces/
    """
    if metric is Metric.L2:
        return score
    return 2 - 1 / score if engine == "nmslib" else 2 * score - 1

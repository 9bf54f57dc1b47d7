"""How OpenSearch is asked for the nearest vectors, and what its scores mean, by engine."""

from collections.abc import Mapping
from typing import Any

from lookalike.errors import BadSetting
from lookalike.records import Metric, Vector

#: So many times k candidates get the score of their whole vectors where the engine compares quantized ones.
OVERSAMPLING = 3.0


def nearest(
    vector: Vector, k: int, filters: Mapping[str, str], *, engine: str, ef_search: int, is_quantized: bool = False
) -> dict[str, Any]:
    """The query for the k nearest of `vector` that meet the filters. Raises BadSetting if the engine cannot filter."""
    clause: dict[str, Any] = {"vector": vector, "k": k}
    # The older versions, which are those that have nmslib, read its ef_search from the index's settings alone.
    if engine != "nmslib":
        clause["method_parameters"] = {"ef_search": max(k, ef_search)}
    elif filters:
        raise BadSetting("An index with the engine nmslib cannot filter.", "`lookalike reembed` makes one that can.")
    if is_quantized:
        clause["rescore"] = {"oversample_factor": OVERSAMPLING}
    if terms := [{"term": {field: value}} for field, value in filters.items()]:
        # Inside the k-NN clause it is applied while searching, so k matches come back if there are k.
        clause["filter"] = {"bool": {"filter": terms}}
    return {"knn": {"image_embedding": clause}}


def plain_score(score: float, metric: Metric, engine: str) -> float:
    """The cosine behind a score, or for L2 the score itself.

    Lucene and faiss give (1 + cosine) / 2, nmslib 1 / (2 - cosine), because scores must not be negative:
    https://docs.opensearch.org/latest/mappings/supported-field-types/knn-spaces/
    """
    if metric is Metric.L2:
        return score
    return 2 - 1 / score if engine == "nmslib" else 2 * score - 1

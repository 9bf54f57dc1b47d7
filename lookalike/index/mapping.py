"""The settings and mapping of a new OpenSearch index, and the model an existing one names."""

from collections.abc import Mapping
from typing import Any

from lookalike.errors import BadSetting
from lookalike.index import identity
from lookalike.index.base import IndexOptions
from lookalike.records import Metric, ModelIdentity

#: nmslib is missing on purpose: OpenSearch 3 creates none, and its cosine scores follow another formula.
ENGINES = ("lucene", "faiss")
SPACES = {Metric.COSINE: "cosinesimil", Metric.L2: "l2"}
#: Our corner of the mapping's `_meta`.
META = "lookalike"


def definition(alias: str, model: ModelIdentity, options: IndexOptions) -> dict[str, Any]:
    """The body that creates an index for `model` behind `alias`. Raises BadSetting for an unknown engine."""
    if options.engine not in ENGINES:
        raise BadSetting(f"{options.engine!r} is no k-NN engine we know.", f"Use {' or '.join(ENGINES)}.")
    return {
        "settings": {
            "index": {"knn": True, "number_of_shards": options.shards, "number_of_replicas": options.replicas}
        },
        "aliases": {alias: {}},
        "mappings": {
            "dynamic": "strict",
            "_meta": {META: identity.to_mapping(model)},
            "properties": _properties(model, options),
        },
    }


def described(mappings: Mapping[str, Any]) -> ModelIdentity | None:
    """The model that `definition` wrote down, or None for an index that is not ours."""
    try:
        return identity.from_mapping(mappings["_meta"][META])
    except (KeyError, TypeError, ValueError):
        return None


def _properties(model: ModelIdentity, options: IndexOptions) -> dict[str, Any]:
    keyword = {"type": "keyword"}
    return {
        "name": keyword,
        "uri": keyword,
        "image_embedding": {
            "type": "knn_vector",
            "dimension": model.dimension,
            "method": {
                "name": "hnsw",
                # Always named: the default engine ends a node that lacks its native library (k-NN#2643).
                "engine": options.engine,
                "space_type": SPACES[model.metric],
                "parameters": {"m": options.m, "ef_construction": options.ef_construction},
            },
        },
        "content_sha256": keyword,
        "width": {"type": "integer"},
        "height": {"type": "integer"},
        "model": keyword,
        "chunk": keyword,
        "ingested_at": {"type": "date"},
        "metadata": {"type": "flat_object"},
    }

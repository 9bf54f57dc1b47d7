"""The settings and mapping of a new OpenSearch index, and the model an existing one names."""

from collections.abc import Mapping
from typing import Any

from lookalike.index import identity
from lookalike.index.base import IndexOptions
from lookalike.index.opensearch.vector_field import vector_field
from lookalike.records import ModelIdentity

#: Our corner of the mapping's `_meta`.
META = "lookalike"


def definition(model: ModelIdentity, options: IndexOptions, version: tuple[int, ...]) -> dict[str, Any]:
    """The body that creates an index for `model` in an OpenSearch of this version.

    Raises BadSetting for options that do not go together.
    """
    index = {"knn": True, "number_of_shards": options.shards, "number_of_replicas": options.replicas}
    if options.engine == "nmslib":
        # Its searches cannot name it.
        index["knn.algo_param.ef_search"] = options.ef_search
    return {
        "settings": {"index": index},
        "mappings": {
            "dynamic": "strict",
            "_meta": {META: identity.to_mapping(model)},
            "properties": _properties(vector_field(model, options, version)),
        },
    }


def described(mappings: Mapping[str, Any]) -> ModelIdentity | None:
    """The model that `definition` wrote down, or None for an index that is not ours."""
    try:
        return identity.from_mapping(mappings["_meta"][META])
    except (KeyError, TypeError, ValueError):
        return None


def engine_of(mappings: Mapping[str, Any]) -> tuple[str, bool]:
    """The k-NN engine of an index of ours, and whether it compares quantized vectors."""
    method = mappings.get("properties", {}).get("image_embedding", {}).get("method", {})
    return str(method.get("engine", "")), "encoder" in method.get("parameters", {})


def _properties(vectors: dict[str, Any]) -> dict[str, Any]:
    keyword = {"type": "keyword"}
    return {
        "name": keyword,
        "uri": keyword,
        "image_embedding": vectors,
        "content_sha256": keyword,
        "width": {"type": "integer"},
        "height": {"type": "integer"},
        "model": keyword,
        "chunk": keyword,
        "ingested_at": {"type": "date"},
        "metadata": {"type": "flat_object"},
    }

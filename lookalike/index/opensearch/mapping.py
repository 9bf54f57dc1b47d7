"""The settings and mapping of an OpenSearch index: written for a new index, and read from an existing one."""

from collections.abc import Mapping
from typing import Any

from lookalike.index import identity
from lookalike.index.opensearch import layout
from lookalike.index.opensearch.layout import NEW
from lookalike.index.opensearch.vector_field import ENGINES, FLAT, FLOAT_BITS, vector_field
from lookalike.index.options import IndexOptions
from lookalike.metadata import Fields
from lookalike.records import ModelIdentity

#: Lookalike's key in the mapping's `_meta`.
META = "lookalike"


def definition(
    model: ModelIdentity, options: IndexOptions, server_version: tuple[int, ...], fields: Fields = NEW.fields
) -> dict[str, Any]:
    """The body that creates an index for `model`, with these fields of metadata, in an OpenSearch of this version.

    Raises BadSetting for options that exclude each other.
    """
    index = {"knn": True, "number_of_shards": options.shards, "number_of_replicas": options.replicas}
    if options.engine == "nmslib":
        # Its queries cannot set ef_search.
        index["knn.algo_param.ef_search"] = options.ef_search
    return {
        "settings": {"index": index},
        "mappings": {
            "dynamic": "strict",
            "_meta": {META: identity.to_mapping(model)},
            "properties": _properties(vector_field(model, options, server_version), fields),
        },
    }


def model_of(mappings: Mapping[str, Any]) -> ModelIdentity | None:
    """The model that `definition` recorded; None for an index that lookalike did not make."""
    try:
        return identity.from_mapping(mappings["_meta"][META])
    except (KeyError, TypeError, ValueError):
        return None


def engine_of(mappings: Mapping[str, Any]) -> tuple[str, int]:
    """The k-NN engine of an index that lookalike made, `flat` if it has no graph, and the bits of a dimension of the
    vectors that it compares."""
    method = mappings.get("properties", {}).get("image_embedding", {}).get("method", {})
    if method.get("name") == FLAT:
        return FLAT, ENGINES["lucene"][FLAT]
    encoder = method.get("parameters", {}).get("encoder")
    # Before OpenSearch 3.6, faiss's encoder had a type, fp16, and no bits.
    bits = FLOAT_BITS if encoder is None else int(encoder.get("parameters", {}).get("bits", ENGINES["faiss"]["fp16"]))
    return str(method.get("engine", "")), bits


def _properties(vectors: dict[str, Any], fields: Fields) -> dict[str, Any]:
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
        **layout.LATER,
        **layout.properties(layout.METADATA, fields),
    }

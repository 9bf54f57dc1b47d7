"""The mapping of the vector field for engines, graphs and compressions; faiss and nmslib without a server."""

from typing import Any

import pytest

from lookalike.errors import BadSetting
from lookalike.index import IndexOptions, open_index
from lookalike.index.opensearch.vector_field import vector_field
from lookalike.records import ModelIdentity
from testing.services.opensearch import request
from tests.index.documents import COSINE, L2

NEW, OLD = (3, 6, 0), (2, 19, 1)
LUCENE_BYTE = {"bits": 7, "confidence_interval": 1.0}

ACCEPTED: list[tuple[dict[str, Any], tuple[int, ...], dict[str, Any]]] = [
    ({}, NEW, {}),
    ({"quantization": "byte"}, NEW, {"encoder": {"name": "sq", "parameters": LUCENE_BYTE}}),
    ({"quantization": "bit"}, NEW, {"encoder": {"name": "sq", "parameters": {"bits": 1}}}),
    ({"compression": "32x"}, NEW, {"encoder": {"name": "sq", "parameters": {"bits": 1}}}),
    ({"compression": "32x", "mode": "in_memory"}, NEW, {"encoder": {"name": "sq", "parameters": {"bits": 1}}}),
    ({"quantization": "byte"}, OLD, {"encoder": {"name": "sq", "parameters": LUCENE_BYTE}}),
    ({"engine": "faiss", "quantization": "fp16"}, NEW, {"encoder": {"name": "sq", "parameters": {"bits": 16}}}),
    ({"engine": "faiss", "quantization": "fp16"}, OLD, {"encoder": {"name": "sq", "parameters": {"type": "fp16"}}}),
    ({"engine": "faiss", "quantization": "bit"}, NEW, {"encoder": {"name": "sq", "parameters": {"bits": 1}}}),
    ({"engine": "nmslib"}, OLD, {}),
    ({"m": 32, "ef_construction": 256}, NEW, {"m": 32, "ef_construction": 256}),
]
REJECTED: list[tuple[dict[str, Any], tuple[int, ...], str]] = [
    ({"engine": "annoy"}, NEW, "annoy"),
    ({"engine": "nmslib"}, NEW, "nmslib"),
    ({"engine": "nmslib", "quantization": "byte"}, OLD, "lucene"),
    ({"quantization": "fp16"}, NEW, "faiss"),
    ({"quantization": "int3"}, NEW, "int3"),
    ({"engine": "faiss", "quantization": "byte"}, NEW, "lucene"),
    ({"quantization": "bit"}, OLD, r"3\.6 or later; this one is 2\.19\.1"),
    ({"quantization": "flat"}, OLD, "3.6"),
    ({"quantization": "flat"}, (), "unknown version"),
    ({"quantization": "flat", "engine": "faiss"}, NEW, "lucene"),
    ({"quantization": "flat", "compression": "32x"}, NEW, "LOOKALIKE_QUANTIZATION"),
    ({"engine": "faiss", "quantization": "bit"}, OLD, "3.6"),
    ({"engine": "faiss", "quantization": "bit"}, (7, 10, 2), "3.6"),
    ({"mode": "on_disk"}, NEW, "faiss"),
    ({"mode": "on_disk", "engine": "nmslib"}, OLD, "faiss"),
    ({"mode": "in_memory", "engine": "nmslib"}, OLD, "faiss"),
    ({"mode": "elsewhere", "engine": "faiss"}, NEW, "elsewhere"),
    ({"compression": "32x"}, OLD, "3.6"),
    ({"compression": "32x", "mode": "on_disk"}, NEW, "on_disk"),
    ({"compression": "16x"}, NEW, "32x"),
    ({"compression": "3x"}, NEW, "3x"),
    ({"compression": "4x"}, NEW, "QUANTIZATION=byte"),
    ({"compression": "4x", "engine": "faiss"}, NEW, "QUANTIZATION=byte"),
    ({"compression": "2x", "engine": "faiss", "quantization": "fp16"}, NEW, "LOOKALIKE_QUANTIZATION"),
]


@pytest.mark.parametrize(("options", "version", "parameters"), ACCEPTED)
def test_the_field_names_the_engine_with_its_graph_and_quantization(
    options: dict[str, Any], version: tuple[int, ...], parameters: dict[str, Any]
) -> None:
    field = vector_field(COSINE, IndexOptions(**options), version)
    assert field == {
        "type": "knn_vector",
        "dimension": COSINE.dimension,
        "method": {
            "name": "hnsw",
            "engine": options.get("engine", "lucene"),
            "space_type": "cosinesimil",
            "parameters": {"m": 16, "ef_construction": 100} | parameters,
        },
    }


def test_vectors_on_disk_have_a_compression_level() -> None:
    field = vector_field(L2, IndexOptions(engine="faiss", mode="on_disk", compression="16x"), NEW)
    assert (field["mode"], field["compression_level"]) == ("on_disk", "16x")
    assert (field["method"]["engine"], field["method"]["space_type"]) == ("faiss", "l2")


@pytest.mark.parametrize("model", [COSINE, L2], ids=lambda model: model.metric)
def test_a_flat_field_has_neither_engine_nor_graph(model: ModelIdentity) -> None:
    field = vector_field(model, IndexOptions(quantization="flat"), NEW)
    space = {COSINE: "cosinesimil", L2: "l2"}[model]
    assert field == {
        "type": "knn_vector",
        "dimension": model.dimension,
        "method": {"name": "flat", "space_type": space},
    }


@pytest.mark.parametrize(("options", "version", "named"), REJECTED)
def test_incompatible_options_are_rejected(options: dict[str, Any], version: tuple[int, ...], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        vector_field(COSINE, IndexOptions(**options), version)


def test_the_server_stores_the_requested_parameters(opensearch_url: str) -> None:
    index = open_index(opensearch_url, "small", options=IndexOptions(quantization="byte", m=8, ef_construction=50))
    index.ensure(COSINE)
    kept = request(opensearch_url, "GET", "/small/_mapping")["small-v1"]["mappings"]["properties"]["image_embedding"]
    assert kept["method"]["parameters"] == {
        "m": 8,
        "ef_construction": 50,
        "encoder": {"name": "sq", "parameters": LUCENE_BYTE},
    }
    index.close()

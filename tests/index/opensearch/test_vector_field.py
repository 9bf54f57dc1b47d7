"""Which engines, graphs and compressions OpenSearch is asked for; faiss and nmslib as far as the mapping."""

from typing import Any

import numpy as np
import pytest

from lookalike.errors import BadSetting
from lookalike.index import IndexOptions, open_index
from lookalike.index.opensearch.knn import knn_query, similarity
from lookalike.index.opensearch.vector_field import vector_field
from lookalike.records import Metric
from testing.services.opensearch import request
from tests.index.documents import COSINE, L2, clustered_vectors, document

NEW, OLD = (3, 6, 0), (2, 19, 1)
LUCENE_BYTE = {"bits": 7, "confidence_interval": 1.0}
K = 10

TAKEN: list[tuple[dict[str, Any], tuple[int, ...], dict[str, Any]]] = [
    ({}, NEW, {}),
    ({"quantization": "byte"}, NEW, {"encoder": {"name": "sq", "parameters": LUCENE_BYTE}}),
    ({"quantization": "byte"}, OLD, {"encoder": {"name": "sq", "parameters": LUCENE_BYTE}}),
    ({"engine": "faiss", "quantization": "fp16"}, NEW, {"encoder": {"name": "sq", "parameters": {"bits": 16}}}),
    ({"engine": "faiss", "quantization": "fp16"}, OLD, {"encoder": {"name": "sq", "parameters": {"type": "fp16"}}}),
    ({"engine": "faiss", "quantization": "bit"}, NEW, {"encoder": {"name": "sq", "parameters": {"bits": 1}}}),
    ({"engine": "nmslib"}, OLD, {}),
    ({"m": 32, "ef_construction": 256}, NEW, {"m": 32, "ef_construction": 256}),
]
REFUSED: list[tuple[dict[str, Any], tuple[int, ...], str]] = [
    ({"engine": "annoy"}, NEW, "annoy"),
    ({"engine": "nmslib"}, NEW, "nmslib"),
    ({"engine": "nmslib", "quantization": "byte"}, OLD, "lucene"),
    ({"quantization": "fp16"}, NEW, "faiss"),
    ({"quantization": "int3"}, NEW, "int3"),
    ({"engine": "faiss", "quantization": "byte"}, NEW, "lucene"),
    ({"quantization": "bit"}, NEW, "faiss"),
    ({"engine": "faiss", "quantization": "bit"}, OLD, "3.6"),
    ({"engine": "faiss", "quantization": "bit"}, (7, 10, 2), "3.6"),
    ({"mode": "on_disk"}, NEW, "faiss"),
    ({"mode": "on_disk", "engine": "nmslib"}, OLD, "faiss"),
    ({"mode": "in_memory", "engine": "nmslib"}, OLD, "faiss"),
    ({"mode": "elsewhere", "engine": "faiss"}, NEW, "elsewhere"),
    ({"compression": "32x"}, NEW, "faiss"),
    ({"compression": "3x"}, NEW, "3x"),
    ({"compression": "4x"}, NEW, "QUANTIZATION=byte"),
    ({"compression": "4x", "engine": "faiss"}, NEW, "QUANTIZATION=byte"),
    ({"compression": "2x", "engine": "faiss", "quantization": "fp16"}, NEW, "LOOKALIKE_QUANTIZATION"),
]


@pytest.mark.parametrize(("options", "version", "parameters"), TAKEN)
def test_an_engine_is_asked_for_with_its_graph_and_quantization(
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


def test_vectors_on_disk_are_asked_for_with_a_level_of_compression() -> None:
    field = vector_field(L2, IndexOptions(engine="faiss", mode="on_disk", compression="16x"), NEW)
    assert (field["mode"], field["compression_level"]) == ("on_disk", "16x")
    assert (field["method"]["engine"], field["method"]["space_type"]) == ("faiss", "l2")


@pytest.mark.parametrize(("options", "version", "named"), REFUSED)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], version: tuple[int, ...], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        vector_field(COSINE, IndexOptions(**options), version)


@pytest.mark.parametrize("cosine", [-1.0, 0.0, 0.5, 1.0])
def test_the_cosine_is_read_from_the_score_of_every_engine(cosine: float) -> None:
    assert similarity(1 / (1 + (1 - cosine)), Metric.COSINE, "nmslib") == pytest.approx(cosine)
    for engine in ("lucene", "faiss"):
        assert similarity((1 + cosine) / 2, Metric.COSINE, engine) == pytest.approx(cosine)
        assert similarity(0.25, Metric.L2, engine) == 0.25


def test_nmslib_is_asked_without_what_it_does_not_know() -> None:
    vector = clustered_vectors(1)[0]
    assert set(knn_query(vector, K, {}, engine="nmslib", ef_search=50)["knn"]["image_embedding"]) == {"vector", "k"}
    with pytest.raises(BadSetting, match="nmslib"):
        knn_query(vector, K, {"name": "x"}, engine="nmslib", ef_search=50)


@pytest.mark.parametrize(
    "options", [IndexOptions(quantization="byte"), IndexOptions(m=8, ef_construction=50)], ids=["byte", "small graph"]
)
def test_recall_of_a_smaller_index_is_kept_and_its_scores_are_cosines(
    opensearch_url: str, options: IndexOptions
) -> None:
    vectors, queries = clustered_vectors(1000), clustered_vectors(50, seed=1)
    index = open_index(opensearch_url, "small", options=options)
    index.ensure(COSINE)
    assert index.write([document(str(i), vector) for i, vector in enumerate(vectors)]) == []
    assert list(index.optimize())[-1] == 1
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :K]
    found = [index.search(query, K) for query in queries]
    pairs = zip(found, exact, strict=True)
    hits = sum(len({match.uri for match in matches} & set(map(str, wanted))) for matches, wanted in pairs)
    assert hits / exact.size >= 0.95
    for query, matches in zip(queries, found, strict=True):
        cosines = [float(query @ vectors[int(match.uri)]) for match in matches]
        assert [match.score for match in matches] == pytest.approx(cosines, abs=1e-5)
    index.close()


def test_the_server_keeps_what_it_was_asked_for(opensearch_url: str) -> None:
    index = open_index(opensearch_url, "small", options=IndexOptions(quantization="byte", m=8, ef_construction=50))
    index.ensure(COSINE)
    kept = request(opensearch_url, "GET", "/small/_mapping")["small-v1"]["mappings"]["properties"]["image_embedding"]
    assert kept["method"]["parameters"] == {
        "m": 8,
        "ef_construction": 50,
        "encoder": {"name": "sq", "parameters": LUCENE_BYTE},
    }
    index.close()

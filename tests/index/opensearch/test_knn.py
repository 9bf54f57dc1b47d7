"""The k-NN query and the similarity behind its scores, for every engine."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from lookalike.errors import BadSetting
from lookalike.index import IndexOptions, open_index
from lookalike.index.opensearch.knn import knn_query, similarity
from lookalike.records import Metric
from testing.services.opensearch import request
from tests.index.documents import COSINE, clustered_vectors, document, unit

K = 10


@pytest.mark.parametrize("cosine", [-1.0, 0.0, 0.5, 1.0])
def test_the_score_of_every_engine_gives_the_cosine(cosine: float) -> None:
    assert similarity(1 / (1 + (1 - cosine)), Metric.COSINE, "nmslib") == pytest.approx(cosine)
    for engine in ("lucene", "faiss"):
        assert similarity((1 + cosine) / 2, Metric.COSINE, engine) == pytest.approx(cosine)
        assert similarity(0.25, Metric.L2, engine) == 0.25


def test_a_query_without_a_graph_has_no_ef_search_and_one_for_nmslib_no_filter() -> None:
    vector = clustered_vectors(1)[0]
    assert set(knn_query(vector, K, [], engine="nmslib", ef_search=50)["knn"]["image_embedding"]) == {"vector", "k"}
    assert "method_parameters" not in knn_query(vector, K, [], engine="flat", ef_search=50)["knn"]["image_embedding"]
    with pytest.raises(BadSetting, match="nmslib"):
        knn_query(vector, K, [{"term": {"name": "x"}}], engine="nmslib", ef_search=50)


@pytest.mark.parametrize(
    ("bits", "k", "ef_search", "asked", "candidates"),
    [
        (7, 10, 100, 10, 30),
        (1, 10, 100, 10, 1000),
        (1, 1, 100, 10, 1000),
        (1, 500, 100, 500, 1500),
        (1, 9000, 50, 9000, 10000),
    ],
)
def test_fewer_bits_have_more_candidates_rescored_within_what_the_server_takes(
    bits: int, k: int, ef_search: int, asked: int, candidates: int
) -> None:
    clause = knn_query(unit(0), k, [], engine="flat", ef_search=ef_search, bits=bits)["knn"]["image_embedding"]
    factor = clause["rescore"]["oversample_factor"]
    assert (clause["k"], round(clause["k"] * factor)) == (asked, candidates) and 1 <= factor <= 100


@contextmanager
def read_files(url: str, pattern: str) -> Iterator[None]:
    """New indexes of this pattern read their files, and do not map them. k-NN's native library compares vectors of one
    bit in mapped files, and a server made of Maven's packages exits because it has none; Lucene compares those in other
    files."""
    template = {"index_patterns": [pattern], "template": {"settings": {"index.store.type": "niofs"}}}
    request(url, "PUT", "/_index_template/read-files", template)
    try:
        yield
    finally:
        request(url, "DELETE", "/_index_template/read-files")


@pytest.mark.parametrize(
    "options",
    [
        IndexOptions(quantization="byte"),
        IndexOptions(compression="32x"),
        IndexOptions(quantization="flat"),
        IndexOptions(m=8, ef_construction=50),
    ],
    ids=["byte", "bit", "flat", "small graph"],
)
def test_a_smaller_index_keeps_its_recall_and_its_scores_are_cosines(
    opensearch_url: str, options: IndexOptions
) -> None:
    vectors, queries = clustered_vectors(1000), clustered_vectors(50, seed=1)
    index = open_index(opensearch_url, "small", options=options)
    with read_files(opensearch_url, "small*"):
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

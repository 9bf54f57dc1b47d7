"""The k-NN query and the similarity behind its scores, for every engine."""

import numpy as np
import pytest

from lookalike.errors import BadSetting
from lookalike.index import IndexOptions, open_index
from lookalike.index.opensearch.knn import knn_query, similarity
from lookalike.records import Metric
from tests.index.documents import COSINE, clustered_vectors, document

K = 10


@pytest.mark.parametrize("cosine", [-1.0, 0.0, 0.5, 1.0])
def test_the_score_of_every_engine_gives_the_cosine(cosine: float) -> None:
    assert similarity(1 / (1 + (1 - cosine)), Metric.COSINE, "nmslib") == pytest.approx(cosine)
    for engine in ("lucene", "faiss"):
        assert similarity((1 + cosine) / 2, Metric.COSINE, engine) == pytest.approx(cosine)
        assert similarity(0.25, Metric.L2, engine) == 0.25


def test_a_query_for_nmslib_has_no_ef_search_and_no_filter() -> None:
    vector = clustered_vectors(1)[0]
    assert set(knn_query(vector, K, [], engine="nmslib", ef_search=50)["knn"]["image_embedding"]) == {"vector", "k"}
    with pytest.raises(BadSetting, match="nmslib"):
        knn_query(vector, K, [{"term": {"name": "x"}}], engine="nmslib", ef_search=50)


@pytest.mark.parametrize(
    "options", [IndexOptions(quantization="byte"), IndexOptions(m=8, ef_construction=50)], ids=["byte", "small graph"]
)
def test_a_smaller_index_keeps_its_recall_and_its_scores_are_cosines(
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

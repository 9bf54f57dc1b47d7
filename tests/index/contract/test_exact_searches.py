"""Exact searches, and what makes the others fast; every test runs on each backend."""

import numpy as np
import pytest

from lookalike.errors import BadSetting
from lookalike.index import Index
from tests.index.documents import L2, clustered_vectors, document, documents, unit, write


def test_an_exact_search_finds_the_true_neighbours_and_gives_the_same_scores(index: Index) -> None:
    vectors, queries = clustered_vectors(500), clustered_vectors(20, seed=1)
    write(index, [document(str(i), vector, metadata={"place": i}) for i, vector in enumerate(vectors)])
    for query in queries:
        found = index.search(query, 10, exact=True)
        nearest = np.argsort(-(vectors @ query))[:10]
        assert [match.uri for match in found] == [str(position) for position in nearest]
        assert [match.score for match in found] == pytest.approx((vectors @ query)[nearest].tolist(), abs=1e-4)
        few = index.search(query, 10, ["place<100"], exact=True)
        assert [match.uri for match in few] == [str(i) for i in np.argsort(-(vectors[:100] @ query))[:10]]


def test_an_exact_search_of_an_l2_model_gives_the_same_scores(absent: Index) -> None:
    absent.ensure(L2)
    write(absent, [document(str(i), v, model=L2) for i, v in enumerate([unit(0), 3 * unit(0), 0 * unit(0)])])
    exact, other = absent.search(unit(0), 3, exact=True), absent.search(unit(0), 3)
    assert [match.uri for match in exact] == [match.uri for match in other] == ["0", "2", "1"]
    assert [match.score for match in exact] == pytest.approx([1, 1 / 2, 1 / 5], abs=1e-6)


def test_an_exact_search_checks_its_filters(index: Index) -> None:
    write(index, documents(3))
    with pytest.raises(BadSetting):
        index.search(unit(0), 1, ["nothing=1"], exact=True)
    assert index.search(unit(0), 5, {"label": "nothing"}, exact=True) == []


def test_a_small_index_needs_nothing_built(index: Index) -> None:
    write(index, documents(30))
    index.build_ann(within_s=30)
    assert len(index.search(unit(0), 30)) == 30

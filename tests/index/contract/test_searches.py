"""Documents are searched, filtered and counted; every test runs on each backend."""

import numpy as np
import pytest

from lookalike.errors import BadFilter, BadSetting, ImageRejected, IndexMissing, ModelMismatch
from lookalike.filters import Condition, Operator
from lookalike.index import Index, VectorQuery, backend_of
from lookalike.records import Reason
from tests.index.documents import DIMENSION, L2, clustered_vectors, document, documents, unit, write

SPECIAL = [
    "it's",
    'say "hi"',
    "' OR '1'='1",
    "a\nb\tc",
    "back\\slash\\'",
    "日本語 🐈",
    "*",
    "metadata.k:x AND name:*",
    "%_",
    "nul\x00inside",
    "",
    " ",
]


def test_a_search_with_a_stored_vector_finds_its_document_first(index: Index) -> None:
    stored = documents(200)
    write(index, stored)
    for wanted in stored[:10]:
        best = index.search(wanted.image_embedding, 3)[0]
        assert (best.id, best.uri, best.name) == (wanted.id, wanted.uri, wanted.name)
        assert best.score == pytest.approx(1.0, abs=1e-4)


def test_each_of_several_searches_has_its_own_matches_or_error(index: Index) -> None:
    stored = documents(60)
    write(index, stored)
    fingerprint = stored[0].model
    vectors = [document.image_embedding for document in stored[:3]]
    unknown = (Condition("metadata.unknown", Operator.ONE_OF, ("1",)),)
    queries = [VectorQuery(vector, k, (), fingerprint) for vector, k in zip(vectors, (1, 3, 5), strict=True)]
    queries[1:1] = [
        VectorQuery(vectors[0], 2, (), "another"),
        VectorQuery(np.zeros(3, np.float32), 2, (), fingerprint),
        VectorQuery(vectors[0], 2, unknown, fingerprint),
        VectorQuery(vectors[0], 2, (Condition("uri", Operator.ONE_OF, ("nothing",)),), fingerprint),
    ]
    # The first time, the index is not known yet.
    for _ in range(2):
        found = index.search_each(queries)
        assert [type(item) for item in found[1:4]] == [ModelMismatch, ImageRejected, BadFilter]
        assert found[4] == [] and index.search_each([]) == []
        for item, query in zip([found[0], *found[5:]], [queries[0], *queries[5:]], strict=True):
            assert item == index.search(query.vector, query.k, fingerprint=fingerprint)


def test_several_searches_of_a_missing_index_are_refused(absent: Index) -> None:
    found = absent.search_each([VectorQuery(unit(0), 1), VectorQuery(unit(1), 1)])
    assert [type(item) for item in found] == [IndexMissing, IndexMissing]


def test_a_score_is_the_cosine_from_one_to_minus_one(index: Index) -> None:
    leaning = (unit(0) + unit(1)) / np.float32(2**0.5)
    write(index, [document(str(i), v) for i, v in enumerate([unit(0), leaning, unit(1), -3 * unit(0)])])
    scores = [match.score for match in index.search(5 * unit(0), 4)]
    assert scores == pytest.approx([1, 2**-0.5, 0, -1], abs=1e-5)


def test_the_score_of_an_l2_model_is_one_over_one_plus_the_squared_distance(absent: Index) -> None:
    absent.ensure(L2)
    write(absent, [document(str(i), v, model=L2) for i, v in enumerate([unit(0), 3 * unit(0), 0 * unit(0)])])
    matches = absent.search(unit(0), 3)
    assert [match.uri for match in matches] == ["0", "2", "1"]
    assert [match.score for match in matches] == pytest.approx([1, 1 / 2, 1 / 5], abs=1e-6)


def test_a_search_filters_by_name_uri_and_metadata(index: Index) -> None:
    vectors = clustered_vectors(60)
    written = [
        document(f"/{i}.jpg", vectors[i], name=f"n{i % 3}", metadata={"shop": f"s{i % 2}", "a_b": str(i)})
        for i in range(60)
    ]
    write(index, written)
    found = index.search(vectors[0], 60, {"name": "n0", "metadata.shop": "s1"})
    assert {match.uri for match in found} == {f"/{i}.jpg" for i in range(60) if i % 3 == 0 and i % 2 == 1}
    assert all(match.metadata["shop"] == "s1" for match in found)
    assert [match.uri for match in index.search(vectors[0], 5, {"metadata.a_b": "17"})] == ["/17.jpg"]
    assert [match.uri for match in index.search(vectors[0], 5, {"uri": "/3.jpg"})] == ["/3.jpg"]


def test_a_filter_on_label_is_a_filter_on_name(index: Index) -> None:
    write(index, documents(40))
    for filters in ({"label": "even"}, {"name": "even"}, {"label": "even", "name": "even"}):
        assert {match.name for match in index.search(unit(0), 40, filters)} == {"even"}
    with pytest.raises(BadSetting, match="same field"):
        index.search(unit(0), 5, {"label": "even", "name": "odd"})


def test_a_filter_with_few_matches_still_finds_k_of_them(index: Index) -> None:
    vectors = clustered_vectors(1000)
    write(index, [document(str(i), vectors[i], name="rare" if i % 100 == 0 else "common") for i in range(1000)])
    assert len(index.search(vectors[1], 10, {"name": "rare"})) == 10


@pytest.mark.parametrize("field", ["name", "metadata.note"])
def test_a_filter_value_with_special_characters_matches_only_itself(index: Index, field: str) -> None:
    written = [document(str(i), unit(0), name=value, metadata={"note": value}) for i, value in enumerate(SPECIAL)]
    write(index, written)
    for i, value in enumerate(SPECIAL):
        assert [match.uri for match in index.search(unit(0), 20, {field: value})] == [str(i)], repr(value)


@pytest.mark.parametrize("key", ["order", "SELECT", "null", "name", "id", "metadata", "_distance", "_id", "x" * 64])
def test_a_field_can_be_called_as_a_word_of_sql_or_as_another_field(index: Index, key: str) -> None:
    write(index, [document("yes", unit(0), metadata={key: "1"}), document("no", unit(0), metadata={key: "2"})])
    assert [match.uri for match in index.search(unit(0), 5, {f"metadata.{key}": "1"})] == ["yes"]


@pytest.mark.parametrize("field", ["image_embedding", "id", "metadata", "1 = 1 OR name", "_id"])
def test_other_fields_cannot_be_filtered_on(index: Index, field: str) -> None:
    with pytest.raises(BadSetting):
        index.search(unit(0), 1, {field: "x"})


def test_k_can_exceed_the_number_of_documents(index: Index) -> None:
    assert index.search(unit(0), 10) == []
    write(index, documents(7))
    assert len(index.search(unit(0), 200)) == 7


def test_a_query_of_length_zero_is_rejected(index: Index) -> None:
    with pytest.raises(ImageRejected) as error:
        index.search(np.zeros(DIMENSION, np.float32), 1)
    assert error.value.reason is Reason.BAD_VECTOR


def test_recall_at_10_is_1_for_a_small_embedded_index_and_0_95_for_others(index_url: str, index: Index) -> None:
    vectors, queries = clustered_vectors(2000), clustered_vectors(100, seed=1)
    write(index, [document(str(i), vector) for i, vector in enumerate(vectors)])
    index.end_load()
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    hits = sum(
        len({match.uri for match in index.search(query, 10)} & set(map(str, nearest)))
        for query, nearest in zip(queries, exact, strict=True)
    )
    recall = hits / exact.size
    assert recall >= (1.0 if backend_of(index_url).is_embedded else 0.95)


def test_labels_are_counted_most_frequent_first(index: Index) -> None:
    assert index.labels(10) == {}
    names = ["cat"] * 3 + ["it's 日本語"] * 2 + ["dog"] * 2 + [None, "", "zebra"]
    write(index, [document(str(i), unit(0), name=name) for i, name in enumerate(names)])
    assert list(index.labels(10).items()) == [("cat", 3), ("dog", 2), ("it's 日本語", 2), ("", 1), ("zebra", 1)]
    assert list(index.labels(2)) == ["cat", "dog"]

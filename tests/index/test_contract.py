"""What every index promises; each test runs on OpenSearch and on LanceDB."""

from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

import numpy as np
import pytest

from lookalike.errors import BadSetting, ImageRejected, IndexMissing, ModelMismatch
from lookalike.index import Index, list_indexes, open_index
from lookalike.records import Document, Reason, Stored, Vector, document_id
from tests.index.documents import COSINE, DIMENSION, L2, clustered_vectors, document, documents

HOSTILE = [
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


def write(index: Index, written: list[Document]) -> None:
    assert index.write(written) == []
    index.refresh()


def unit(position: int) -> Vector:
    vector: Vector = np.zeros(DIMENSION, np.float32)
    vector[position] = 1
    return vector


def test_an_index_is_created_once(absent: Index) -> None:
    absent.ensure(COSINE)
    absent.ensure(COSINE)
    assert absent.model() == COSINE
    assert absent.count() == 0


def test_an_index_of_another_model_is_refused_and_both_are_named(index: Index) -> None:
    other = replace(COSINE, fingerprint="f" * 16)
    with pytest.raises(ModelMismatch) as error:
        index.ensure(other)
    assert str(COSINE) in str(error.value)
    assert str(other) in str(error.value)


def test_a_document_of_another_model_is_refused(index: Index) -> None:
    with pytest.raises(ModelMismatch):
        index.write([document("/a.jpg", unit(0), model=L2)])


def test_the_definition_shows_the_vector_field_and_its_dimension(index: Index) -> None:
    definition = index.definition()
    fields = definition["columns"] if "columns" in definition else definition["mappings"]["properties"]
    assert str(DIMENSION) in str(fields["image_embedding"]) and {"uri", "name", "metadata"} < set(fields)


def test_a_label_is_a_name_to_a_filter(index: Index) -> None:
    write(index, documents(40))
    for filters in ({"label": "even"}, {"name": "even"}, {"label": "even", "name": "even"}):
        assert {match.name for match in index.search(unit(0), 40, filters)} == {"even"}
    with pytest.raises(BadSetting, match="same field"):
        index.search(unit(0), 5, {"label": "even", "name": "odd"})


def test_a_write_is_seen_at_once_by_stored(index: Index) -> None:
    index.write(
        [
            document("/a.jpg", unit(0), chunk="job/7", name="cat", metadata={"eyes": "green"}),
            document("/b.jpg", unit(1), chunk="job/8"),
        ]
    )
    held = index.stored([document_id(uri) for uri in ("/a.jpg", "/b.jpg", "/c.jpg")])
    assert held == {
        document_id("/a.jpg"): Stored("c" * 64, COSINE.fingerprint, "job/7", "cat", {"eyes": "green"}),
        document_id("/b.jpg"): Stored("c" * 64, COSINE.fingerprint, "job/8"),
    }


def test_what_need_not_be_fresh_is_the_same_once_it_is_visible(index: Index) -> None:
    written = [
        document("/a.jpg", unit(0), chunk="job/7", name="cat", metadata={"eyes": "green", "a.b": "c"}),
        *documents(1500),
    ]
    write(index, written)
    ids = [each.id for each in written] + ["nowhere"]
    assert index.stored(ids, is_fresh=False) == index.stored(ids)
    assert len(index.stored(ids, is_fresh=False)) == 1501
    assert index.stored([], is_fresh=False) == {}


def test_a_model_under_another_name_is_the_same_model(index: Index) -> None:
    index.ensure(replace(COSINE, name="renamed"))
    assert index.model() == COSINE


def test_nothing_is_stored_of_no_ids_and_of_no_documents(index: Index) -> None:
    assert index.stored([]) == {}
    assert index.write([]) == []


def test_more_ids_than_one_request_takes_are_looked_up(index: Index) -> None:
    write(index, documents(1500))
    ids = [document_id(f"/photos/{i}.jpg") for i in range(2500)]
    assert len(index.stored(ids)) == 1500


def test_writing_an_id_again_overwrites_it(index: Index) -> None:
    write(index, documents(50, chunk="job/1"))
    write(index, documents(50, chunk="job/2"))
    assert index.count() == 50
    assert {held.chunk for held in index.stored([document_id(f"/photos/{i}.jpg") for i in range(50)]).values()} == {
        "job/2"
    }


def test_of_one_id_twice_in_a_write_the_last_stays(index: Index) -> None:
    write(index, [document("/a.jpg", unit(0), name="first"), document("/a.jpg", unit(1), name="last")])
    assert [match.name for match in index.search(unit(1), 5)] == ["last"]


def test_a_search_finds_the_vector_itself_first(index: Index) -> None:
    stored = documents(200)
    write(index, stored)
    for wanted in stored[:10]:
        best = index.search(wanted.image_embedding, 3)[0]
        assert (best.id, best.uri, best.name) == (wanted.id, wanted.uri, wanted.name)
        assert best.score == pytest.approx(1.0, abs=1e-4)


def test_a_score_is_the_cosine_down_to_minus_one(index: Index) -> None:
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
        document(f"/{i}.jpg", vectors[i], name=f"n{i % 3}", metadata={"shop": f"s{i % 2}", "a.b": str(i)})
        for i in range(60)
    ]
    write(index, written)
    found = index.search(vectors[0], 60, {"name": "n0", "metadata.shop": "s1"})
    assert {match.uri for match in found} == {f"/{i}.jpg" for i in range(60) if i % 3 == 0 and i % 2 == 1}
    assert all(match.metadata["shop"] == "s1" for match in found)
    assert [match.uri for match in index.search(vectors[0], 5, {"metadata.a.b": "17"})] == ["/17.jpg"]
    assert [match.uri for match in index.search(vectors[0], 5, {"uri": "/3.jpg"})] == ["/3.jpg"]
    assert index.search(vectors[0], 5, {"metadata.nowhere": "x"}) == []


def test_a_rare_filter_still_finds_k_matches(index: Index) -> None:
    vectors = clustered_vectors(1000)
    write(index, [document(str(i), vectors[i], name="rare" if i % 100 == 0 else "common") for i in range(1000)])
    assert len(index.search(vectors[1], 10, {"name": "rare"})) == 10


@pytest.mark.parametrize("field", ["name", "metadata.note"])
def test_hostile_filter_values_match_only_themselves(index: Index, field: str) -> None:
    written = [document(str(i), unit(0), name=value, metadata={"note": value}) for i, value in enumerate(HOSTILE)]
    write(index, written)
    for i, value in enumerate(HOSTILE):
        assert [match.uri for match in index.search(unit(0), 20, {field: value})] == [str(i)], repr(value)


@pytest.mark.parametrize("key", ["it's", 'say "hi"', "a.b", "a b", "日本語", "*", "a\nb", "name' = 'x"])
def test_hostile_metadata_keys_can_be_filtered_on(index: Index, key: str) -> None:
    write(index, [document("yes", unit(0), metadata={key: "1"}), document("no", unit(0), metadata={key: "2"})])
    assert [match.uri for match in index.search(unit(0), 5, {f"metadata.{key}": "1"})] == ["yes"]


@pytest.mark.parametrize("field", ["image_embedding", "id", "metadata", "1 = 1 OR name", "_id"])
def test_other_fields_cannot_be_filtered_on(index: Index, field: str) -> None:
    with pytest.raises(BadSetting):
        index.search(unit(0), 1, {field: "x"})


def test_k_may_exceed_the_number_of_documents(index: Index) -> None:
    assert index.search(unit(0), 10) == []
    write(index, documents(7))
    assert len(index.search(unit(0), 200)) == 7


@pytest.mark.parametrize(
    "uri", ["/🐈/naïve.jpg", "/new\nline\tand 'quotes' \"too\".jpg", "/" + "ü" * 2040 + ".jpg", "s3://b/%2f?a=b#c"]
)
def test_any_uri_comes_back_as_it_went_in(index: Index, uri: str) -> None:
    write(index, [document(uri, unit(0)), document("/other.jpg", unit(1))])
    kept = index.get(document_id(uri))
    assert kept is not None and kept.uri == uri
    assert [match.uri for match in index.search(unit(0), 5, {"uri": uri})] == [uri]


def test_a_document_comes_back_whole(index: Index) -> None:
    sent = document("/a.jpg", clustered_vectors(1)[0], name="cat", metadata={"k": "v", "": "empty", "a.b": "c\nd"})
    index.write([sent])
    kept = index.get(sent.id)
    assert kept is not None
    assert kept.image_embedding.dtype == np.float32
    np.testing.assert_array_equal(kept.image_embedding, sent.image_embedding)
    assert replace(kept, image_embedding=sent.image_embedding) == sent
    assert index.get("nowhere") is None


def test_a_scan_gives_every_document_under_a_prefix_and_no_other(index: Index) -> None:
    under = [f"/a/{i}.jpg" for i in range(6000)] + ["/a/日本語 🐈\n'quoted'.jpg"]
    beside = ["/ab/1.jpg", "/A/1.jpg", "/b/a/1.jpg", "file:///a/%FF.jpg"]
    vectors = clustered_vectors(len(under) + len(beside))
    write(index, [document(uri, vector) for uri, vector in zip(under + beside, vectors, strict=True)])
    found = list(index.scan("/a/"))
    assert len(found) == len(under)
    assert dict(found) == {document_id(uri): uri for uri in under}
    assert {uri for _, uri in index.scan()} == {*under, *beside}
    assert list(index.scan("/nowhere/")) == []


@pytest.mark.parametrize("name", ["it's", 'say "hi"', "100%_", "*", "?", "back\\slash", "日本語 🐈", "new\nline"])
def test_a_prefix_of_a_scan_means_only_itself(index: Index, name: str) -> None:
    write(index, [document(f"/{name}/1.jpg", unit(0)), document("/other/1.jpg", unit(1))])
    assert [uri for _, uri in index.scan(f"/{name}/")] == [f"/{name}/1.jpg"]


def test_a_scan_is_of_one_moment(index: Index) -> None:
    write(index, documents(6000))
    scan = index.scan("/photos/")
    first = next(scan)
    index.delete([document_id(f"/photos/{i}.jpg") for i in range(6000)])
    index.write([document("/photos/late.jpg", unit(0))])
    index.refresh()
    assert {uri for _, uri in (first, *scan)} == {f"/photos/{i}.jpg" for i in range(6000)}


def test_a_scan_may_be_left_early(index: Index) -> None:
    write(index, documents(20))
    scan = index.scan()
    next(scan)
    scan.close()  # type: ignore[attr-defined]
    assert index.count() == 20


def test_a_scan_of_documents_returns_each_with_its_vector_in_batches(index: Index) -> None:
    written = [*documents(250), document("/日本語 🐈", unit(0), metadata={"a.b": "", "it's": "c"})]
    sent = {each.id: each for each in written}
    write(index, written)
    batches = list(index.scan_documents(batch_size=100))
    assert all(1 <= len(batch) <= 100 for batch in batches)
    found = {each.id: each for batch in batches for each in batch}
    assert sum(map(len, batches)) == len(found) == 251
    for id, each in found.items():
        assert each.image_embedding.dtype == np.float32
        np.testing.assert_array_equal(each.image_embedding, sent[id].image_embedding)
        assert replace(each, image_embedding=sent[id].image_embedding) == sent[id]


def test_a_scan_of_documents_omits_deleted_ones_and_returns_replaced_ones_once(index: Index) -> None:
    write(index, documents(120))
    write(index, documents(60, chunk="job/2"))
    index.delete([document_id(f"/photos/{i}.jpg") for i in range(0, 120, 3)])
    index.refresh()
    found = [each for batch in index.scan_documents(batch_size=25) for each in batch]
    assert sorted(each.uri for each in found) == sorted(f"/photos/{i}.jpg" for i in range(120) if i % 3)
    assert sum(each.chunk == "job/2" for each in found) == 40


def test_a_scan_of_documents_in_an_empty_index_returns_no_batch(index: Index) -> None:
    assert list(index.scan_documents()) == []


def test_a_scan_of_documents_is_a_snapshot(index: Index) -> None:
    write(index, documents(300))
    batches = index.scan_documents(batch_size=50)
    first = next(batches)
    index.delete([document_id(f"/photos/{i}.jpg") for i in range(300)])
    index.write([document("/photos/late.jpg", unit(0))])
    index.refresh()
    uris = [each.uri for batch in (first, *batches) for each in batch]
    assert sorted(uris) == sorted(f"/photos/{i}.jpg" for i in range(300))


def test_a_scan_of_documents_can_be_left_early(index: Index) -> None:
    write(index, documents(20))
    batches = index.scan_documents(batch_size=5)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert index.count() == 20


def test_deleted_documents_are_gone_and_absent_ids_are_ignored(index: Index) -> None:
    write(index, documents(10))
    index.delete(document_id(f"/photos/{i}.jpg") for i in (0, 1, 99))
    index.delete([])
    index.refresh()
    assert index.count() == 8
    assert index.get(document_id("/photos/0.jpg")) is None


def test_settling_keeps_every_document_and_may_be_repeated(index: Index) -> None:
    for start in range(0, 60, 20):
        index.write(documents(60)[start : start + 20])
    index.end_load()
    index.end_load()
    assert index.count() == 60
    assert index.model() == COSINE
    assert len(index.search(unit(0), 60)) == 60


def test_every_use_of_a_missing_index_says_so(absent: Index) -> None:
    uses = (
        absent.model,
        absent.count,
        absent.refresh,
        absent.end_load,
        absent.drop,
        lambda: absent.stored(["x"]),
        lambda: absent.stored(["x"], is_fresh=False),
        lambda: absent.get("x"),
        lambda: absent.search(unit(0), 1),
        lambda: absent.labels(1),
        lambda: absent.delete(["x"]),
        lambda: list(absent.scan("x")),
        lambda: list(absent.scan_documents()),
        lambda: absent.write(documents(1)),
    )
    for use in uses:
        with pytest.raises(IndexMissing, match="images"):
            use()


def test_a_dropped_index_is_missing_and_can_be_made_for_another_model(index: Index) -> None:
    write(index, documents(3))
    index.drop()
    with pytest.raises(IndexMissing):
        index.count()
    index.ensure(L2)
    assert index.model() == L2
    assert index.count() == 0


def test_bad_vectors_are_rejected_and_their_neighbours_are_stored(index: Index) -> None:
    bad = {
        "nan": np.full(DIMENSION, np.nan, np.float32),
        "infinite": np.full(DIMENSION, np.inf, np.float32),
        "zero": np.zeros(DIMENSION, np.float32),
        "short": np.ones(DIMENSION - 1, np.float32),
    }
    written = [*documents(3), *(document(uri, vector) for uri, vector in bad.items()), document("/last", unit(0))]
    rejected = index.write(written)
    index.refresh()
    assert {(each.uri, each.reason) for each in rejected} == {(uri, Reason.BAD_VECTOR) for uri in bad}
    assert index.count() == 4


def test_a_query_without_direction_is_rejected(index: Index) -> None:
    with pytest.raises(ImageRejected) as error:
        index.search(np.zeros(DIMENSION, np.float32), 1)
    assert error.value.reason is Reason.BAD_VECTOR


def test_text_that_is_not_unicode_is_rejected_alone(index: Index) -> None:
    rejected = index.write([document("/a", unit(0), name="\udcff"), document("/b", unit(0))])
    assert [(each.uri, each.reason) for each in rejected] == [("/a", Reason.REFUSED)]
    assert len(index.stored([document_id("/a"), document_id("/b")])) == 1


def test_recall_at_ten_is_near_exact(index: Index) -> None:
    vectors, queries = clustered_vectors(2000), clustered_vectors(100, seed=1)
    write(index, [document(str(i), vector) for i, vector in enumerate(vectors)])
    index.end_load()
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    hits = sum(
        len({match.uri for match in index.search(query, 10)} & set(map(str, nearest)))
        for query, nearest in zip(queries, exact, strict=True)
    )
    recall = hits / exact.size
    assert recall >= (1.0 if type(index).__name__ == "LanceDBIndex" else 0.95)


def _create_and_write(url: str, worker: int, together: Barrier) -> None:
    index = open_index(url, "images")
    written = documents(400, chunk=f"job/{worker}")
    together.wait(timeout=60)
    index.ensure(COSINE)
    for start in range(0, 400, 40):
        assert index.write(written[start : start + 40]) == []
        together.wait(timeout=60)
    index.close()


def test_processes_that_create_and_write_the_same_at_once_leave_one_of_each(index_url: str, absent: Index) -> None:
    context = get_context("spawn")
    together = context.Barrier(3)
    writers = [context.Process(target=_create_and_write, args=(index_url, i, together)) for i in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    absent.refresh()
    assert absent.count() == 400
    assert [info.version for info in list_indexes(index_url)] == ["images-v1"]


def test_an_open_index_sees_what_another_one_wrote_dropped_and_made_again(index_url: str, index: Index) -> None:
    other = open_index(index_url, "images")
    other.write(documents(2))
    assert len(index.stored([document_id("/photos/0.jpg")])) == 1
    other.drop()
    other.ensure(L2)
    assert index.model() == L2
    other.close()


def test_indexes_are_listed_with_their_model_and_size(index_url: str, index: Index) -> None:
    write(index, documents(5))
    other = open_index(index_url, "another")
    other.ensure(L2)
    infos = list_indexes(index_url)
    assert [(info.name, info.version, info.model, info.documents) for info in infos] == [
        ("another", "another-v1", L2, 0),
        ("images", "images-v1", COSINE, 5),
    ]
    assert infos[1].size_bytes > 5 * DIMENSION * 4
    other.close()


def test_a_place_without_indexes_lists_none(index_url: str) -> None:
    assert list_indexes(index_url) == []


def test_labels_are_counted_most_frequent_first(index: Index) -> None:
    assert index.labels(10) == {}
    names = ["cat"] * 3 + ["it's 日本語"] * 2 + ["dog"] * 2 + [None, "", "zebra"]
    write(index, [document(str(i), unit(0), name=name) for i, name in enumerate(names)])
    assert list(index.labels(10).items()) == [("cat", 3), ("dog", 2), ("it's 日本語", 2), ("", 1), ("zebra", 1)]
    assert list(index.labels(2)) == ["cat", "dog"]

"""Documents are written, looked up and deleted; every test runs on each backend."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.errors import ModelMismatch
from lookalike.index import Index
from lookalike.records import Reason, Stored, document_id
from tests.index.documents import COSINE, DIMENSION, L2, clustered_vectors, document, documents, unit, write


def test_a_document_of_another_model_is_rejected(index: Index) -> None:
    with pytest.raises(ModelMismatch):
        index.write([document("/a.jpg", unit(0), model=L2)])


def test_stored_sees_a_write_at_once(index: Index) -> None:
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


def test_no_ids_and_no_documents_are_accepted(index: Index) -> None:
    assert index.stored([]) == index.stored([], is_fresh=False) == {}
    assert index.write([]) == []


def test_more_ids_than_one_request_takes_are_looked_up_fresh_or_not(index: Index) -> None:
    written = [
        document("/a.jpg", unit(0), chunk="job/7", name="cat", metadata={"eyes": "green", "a_b": "c"}),
        *documents(1500),
    ]
    write(index, written)
    ids = [each.id for each in written] + [f"unknown{i}" for i in range(1000)]
    found = index.stored(ids)
    assert found.keys() == {each.id for each in written}
    assert index.stored(ids, is_fresh=False) == found


def test_writing_an_id_again_replaces_the_document(index: Index) -> None:
    write(index, documents(50, chunk="job/1"))
    write(index, documents(50, chunk="job/2"))
    assert index.count() == 50
    assert {held.chunk for held in index.stored([document_id(f"/photos/{i}.jpg") for i in range(50)]).values()} == {
        "job/2"
    }


def test_of_two_documents_with_one_id_in_a_write_the_last_is_stored(index: Index) -> None:
    write(index, [document("/a.jpg", unit(0), name="first"), document("/a.jpg", unit(1), name="last")])
    assert [match.name for match in index.search(unit(1), 5)] == ["last"]


@pytest.mark.parametrize(
    "uri", ["/🐈/naïve.jpg", "/new\nline\tand 'quotes' \"too\".jpg", "/" + "ü" * 2040 + ".jpg", "s3://b/%2f?a=b#c"]
)
def test_a_uri_with_any_characters_is_returned_unchanged(index: Index, uri: str) -> None:
    write(index, [document(uri, unit(0)), document("/other.jpg", unit(1))])
    kept = index.get(document_id(uri))
    assert kept is not None and kept.uri == uri
    assert [match.uri for match in index.search(unit(0), 5, {"uri": uri})] == [uri]


def test_a_document_is_returned_complete(index: Index) -> None:
    sent = document("/a.jpg", clustered_vectors(1)[0], name="cat", metadata={"k": "v", "empty": "", "a_b": "c\nd"})
    index.write([sent])
    kept = index.get(sent.id)
    assert kept is not None
    assert kept.image_embedding.dtype == np.float32
    np.testing.assert_array_equal(kept.image_embedding, sent.image_embedding)
    assert replace(kept, image_embedding=sent.image_embedding) == sent
    assert index.get("nowhere") is None


def test_deleted_documents_are_gone_and_unknown_ids_are_ignored(index: Index) -> None:
    write(index, documents(10))
    index.delete(document_id(f"/photos/{i}.jpg") for i in (0, 1, 99))
    index.delete([])
    index.refresh()
    assert index.count() == 8
    assert index.get(document_id("/photos/0.jpg")) is None


def test_a_document_is_discarded_only_as_it_was_seen(index: Index) -> None:
    write(index, documents(4))
    ids = [document_id(f"/photos/{i}.jpg") for i in range(4)]
    seen = index.stored(ids)
    index.write([replace(documents(4)[1], content_sha256="f" * 64)])
    index.delete([ids[2]])
    index.discard({id: seen[id] for id in ids[:3]})
    index.discard({})
    assert set(index.stored(ids)) == {ids[1], ids[3]}


def test_bad_vectors_are_rejected_and_the_documents_beside_them_are_stored(index: Index) -> None:
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


def test_only_the_document_whose_text_is_not_unicode_is_rejected(index: Index) -> None:
    rejected = index.write([document("/a", unit(0), name="\udcff"), document("/b", unit(0))])
    assert [(each.uri, each.reason) for each in rejected] == [("/a", Reason.REFUSED)]
    assert len(index.stored([document_id("/a"), document_id("/b")])) == 1

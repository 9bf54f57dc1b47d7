"""All documents are read in batches; every test runs on each backend."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.index import Index
from lookalike.index.lancedb import reader as lancedb_reader
from lookalike.index.opensearch import scroll
from lookalike.records import document_id
from tests.index.documents import clustered_vectors, document, documents, unit, write


def test_a_scan_of_several_pages_returns_the_documents_whose_uri_starts_with_the_prefix(index: Index) -> None:
    under = [f"/a/{i}.jpg" for i in range(6000)] + ["/a/日本語 🐈\n'quoted'.jpg"]
    beside = ["/ab/1.jpg", "/A/1.jpg", "/b/a/1.jpg", "file:///a/%FF.jpg"]
    vectors = clustered_vectors(len(under) + len(beside))
    write(index, [document(uri, vector) for uri, vector in zip(under + beside, vectors, strict=True)])
    found = list(index.scan("/a/"))
    assert len(found) == len(under)
    assert dict(found) == {document_id(uri): uri for uri in under}
    assert {uri for _, uri in index.scan()} == {*under, *beside}
    assert list(index.scan("/nowhere/")) == []


def test_a_scan_of_times_tells_what_was_written_later(index: Index) -> None:
    before, after = "2026-01-02T03:04:05.000+00:00", "2026-01-02T03:04:05.001+00:00"
    written = [document("/a.jpg", unit(0)), document("/b.jpg", unit(1)), document("/c.jpg", unit(2))]
    times = (before, after, before)
    write(index, [replace(item, ingested_at=time) for item, time in zip(written, times, strict=True)])
    found = {uri: (id, time) for id, uri, time in index.scan_times()}
    assert {uri: id for uri, (id, _) in found.items()} == {item.uri: item.id for item in written}
    assert found["/a.jpg"][1] == found["/c.jpg"][1] < found["/b.jpg"][1]


@pytest.mark.parametrize("name", ["it's", 'say "hi"', "100%_", "*", "?", "back\\slash", "日本語 🐈", "new\nline"])
def test_special_characters_in_a_prefix_match_only_themselves(index: Index, name: str) -> None:
    write(index, [document(f"/{name}/1.jpg", unit(0)), document("/other/1.jpg", unit(1))])
    assert [uri for _, uri in index.scan(f"/{name}/")] == [f"/{name}/1.jpg"]


def test_a_scan_is_a_snapshot(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scroll, "IDS_PER_PAGE", 20)
    monkeypatch.setattr(lancedb_reader, "ROWS_PER_BATCH", 20)
    write(index, documents(90))
    scan = index.scan("/photos/")
    first = next(scan)
    index.delete([document_id(f"/photos/{i}.jpg") for i in range(90)])
    index.write([document("/photos/late.jpg", unit(0))])
    index.refresh()
    assert sorted(uri for _, uri in (first, *scan)) == sorted(f"/photos/{i}.jpg" for i in range(90))


def test_a_scan_can_be_left_early(index: Index) -> None:
    write(index, documents(20))
    scan = index.scan()
    next(scan)
    scan.close()  # type: ignore[attr-defined]
    assert index.count() == 20


def test_a_scan_of_documents_returns_each_with_its_vector_in_batches(index: Index) -> None:
    written = [*documents(250), document("/日本語 🐈", unit(0), metadata={"a_b": "", "its": "c"})]
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

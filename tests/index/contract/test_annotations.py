"""Label and metadata of stored documents change without their vectors; every test runs on each backend."""

from dataclasses import replace
from typing import Any

import numpy as np

from lookalike.index import Index
from lookalike.index.annotation import Annotation
from lookalike.metadata import field_type
from lookalike.records import Document, Metadata, Reason
from tests.index.documents import clustered_vectors, document, write

LATER = "2026-11-26T07:30:00.000+00:00"


def annotation(index: Index, document: Document, metadata: Metadata, name: str | None = "new") -> Annotation:
    seen = index.stored([document.id])[document.id]
    return Annotation(seen, name, metadata, etag="e2", chunk="job/9", ingested_at=LATER)


def stored(count: int) -> list[Document]:
    vectors = clustered_vectors(count)
    metadata: Metadata = {"brand": "acme", "year": 2020, "tags": ["a", "b"]}
    made = [document(f"/{i}.jpg", vectors[i], name="old", metadata=metadata) for i in range(count)]
    return [replace(each, etag="e1", taken_at_ms=17) for each in made]


def test_label_and_metadata_change_and_the_vector_stays(index: Index) -> None:
    sent = stored(3)
    write(index, sent)
    result = index.annotate({sent[0].id: annotation(index, sent[0], {"year": "2021", "sold": True})})
    assert result == (frozenset({sent[0].id}), [])
    index.refresh()
    got = index.get(sent[0].id)
    assert got is not None
    np.testing.assert_array_equal(got.image_embedding, sent[0].image_embedding)
    expected: Metadata = {"year": 2021, "sold": True}
    changed: dict[str, Any] = {
        "name": "new",
        "metadata": expected,
        "etag": "e2",
        "chunk": "job/9",
        "ingested_at": got.ingested_at,
    }
    assert replace(got, image_embedding=sent[0].image_embedding) == replace(sent[0], **changed)
    assert {uri: time for _, uri, time in index.scan_times()}["/0.jpg"].startswith("2026-11-26T07:30:00.000")
    # What it no longer has is gone also for searches, and its neighbours are as they were.
    assert [match.uri for match in index.search(sent[0].image_embedding, 3, ["brand missing"])] == ["/0.jpg"]
    assert index.search(sent[0].image_embedding, 1)[0].uri == "/0.jpg"
    assert index.count(["brand=acme"]) == 2


def test_a_document_that_was_written_or_removed_since_it_was_seen_stays_as_it_is(index: Index) -> None:
    sent = stored(4)
    write(index, sent)
    annotations = {each.id: annotation(index, each, {"year": 1}) for each in sent}
    index.write([replace(sent[0], name="written since")])
    index.delete([sent[1].id])
    assert index.annotate(annotations) == (frozenset({sent[2].id, sent[3].id}), [])
    held = index.stored([each.id for each in sent])
    assert {id: each.name for id, each in held.items()} == {
        sent[0].id: "written since",
        sent[2].id: "new",
        sent[3].id: "new",
    }
    assert index.annotate(annotations).done == index.annotate({}).done == frozenset()


def test_metadata_that_does_not_fit_is_rejected_and_the_others_are_changed(index: Index) -> None:
    sent = stored(3)
    index.declare({"year": field_type("int")})
    write(index, sent)
    given: list[tuple[Metadata, str]] = [({"year": "soon"}, "new"), ({"year": 1}, "\udcff"), ({"year": 2}, "new")]
    result = index.annotate({each.id: annotation(index, each, *some) for each, some in zip(sent, given, strict=True)})
    assert result.done == {sent[2].id}
    assert {(each.uri, each.reason) for each in result.rejected} == {
        ("/0.jpg", Reason.BAD_METADATA),
        ("/1.jpg", Reason.REFUSED),
    }
    assert [index.stored([each.id])[each.id].metadata["year"] for each in sent] == [2020, 2020, 2]


def test_more_documents_than_one_request_takes_are_changed(index: Index) -> None:
    sent = stored(1100)
    write(index, sent)
    seen = index.stored([each.id for each in sent])
    annotations = {id: Annotation(each, "new", {"year": 1}, "", "job/9", LATER) for id, each in seen.items()}
    assert index.annotate(annotations) == (frozenset(seen), [])
    index.refresh()
    assert index.labels(5) == {"new": 1100}

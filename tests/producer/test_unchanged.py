"""Unchanged images make large chunks, and a wrong guess about them changes nothing but the size of chunks."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from lookalike import factories
from lookalike.errors import IndexUnavailable
from lookalike.reading.reader import Reader
from lookalike.records import Chunk, Document, FileTimes, ImageRef, Metric, ModelIdentity, Reason, Stored
from lookalike.settings import read_settings
from lookalike.storage import local_uri
from lookalike_producer import unchanged
from lookalike_producer.chunks import cut
from lookalike_producer.preparation import Prepared
from lookalike_producer.refused import UnlistedFolder
from lookalike_producer.unchanged import Unchanged, arranging

SIZE = 4
MODEL = "fingerprint"


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(read_settings(home=tmp_path, roots=(tmp_path,)))


@pytest.fixture
def refs(tmp_path: Path) -> list[ImageRef]:
    for number in range(20):
        (tmp_path / f"{number:02d}.jpg").write_bytes(b"x")
    return [ImageRef(local_uri(path)) for path in sorted(tmp_path.glob("*.jpg"))]


def stored(refs: Sequence[ImageRef], reader: Reader, model: str = MODEL) -> dict[str, Stored]:
    etags = {ref.id: times.etag for ref in refs if (times := reader.look(ref.uri))}
    return {id: Stored("sha", model, "chunk", None, etag=etag) for id, etag in etags.items()}


def arranged(found: Sequence[ImageRef], documents: Mapping[str, Stored], reader: Reader) -> Sequence[Chunk]:
    arrange = Unchanged(lambda ids: documents, reader.look, MODEL, SIZE)
    chunks = arrange(list(cut(found, "job", SIZE)))
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    assert sorted(ref.uri for chunk in chunks for ref in chunk.refs) == sorted(ref.uri for ref in found)
    return chunks


def sizes(chunks: Sequence[Chunk]) -> list[int]:
    return [len(chunk.refs) for chunk in chunks]


def test_unchanged_images_are_one_chunk(refs: list[ImageRef], reader: Reader) -> None:
    assert sizes(arranged(refs, stored(refs, reader), reader)) == [20]


def test_the_largest_chunk_has_a_limit(refs: list[ImageRef], reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "UNCHANGED_REFS", 10)
    assert sizes(arranged(refs, stored(refs, reader), reader)) == [10, 10]


def test_new_and_changed_images_stay_in_chunks_of_the_usual_size(refs: list[ImageRef], reader: Reader) -> None:
    documents = stored(refs, reader)
    del documents[refs[3].id]
    for ref in refs[5:9]:
        os.utime(ref.uri, (1, 1))
    first, *others = arranged(refs, documents, reader)
    assert sizes(others) == [3, 2]
    assert {ref.uri for chunk in others for ref in chunk.refs} == {ref.uri for ref in (refs[3], *refs[5:9])}
    assert len(first.refs) == 15


def test_images_elsewhere_are_unchanged_with_the_etag_that_was_listed(reader: Reader) -> None:
    found = [ImageRef(f"s3://bucket/{number}.jpg", etag=str(number)) for number in range(20)]
    same = {ref.id: Stored("sha", MODEL, "chunk", None, etag=ref.etag) for ref in found}
    assert sizes(arranged(found, same, reader)) == [20]
    # Nobody knows without a request what these are now.
    unlisted = [ImageRef(ref.uri) for ref in found]
    assert sizes(arranged(unlisted, same, reader)) == [SIZE] * 5


def test_vectors_of_another_model_are_no_reason(refs: list[ImageRef], reader: Reader) -> None:
    assert sizes(arranged(refs, stored(refs, reader, model="another"), reader)) == [SIZE] * 5


def test_an_image_that_is_listed_twice_and_changes_in_between_is_sent_twice(
    refs: list[ImageRef], reader: Reader
) -> None:
    twice, looks = [*refs, refs[0]], iter(range(2))

    def look(uri: str) -> FileTimes | None:
        return None if uri == refs[0].uri and next(looks) else reader.look(uri)

    arrange = Unchanged(lambda ids: stored(refs, reader), look, MODEL, SIZE)
    assert [chunk.refs for chunk in arrange(list(cut(twice, "job", SIZE)))] == [tuple(refs), (refs[0],)]


def test_new_images_of_a_small_job_are_cut_for_all_processes(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [ImageRef(f"s3://bucket/{number}.jpg", etag=str(number)) for number in range(500)]
    same = {ref.id: Stored("sha", MODEL, "chunk", None, etag=ref.etag) for ref in found[60:]}
    arrange = Unchanged(lambda ids: same, reader.look, MODEL, 64, processes=4)
    assert sizes(arrange(list(cut(found, "job", 64)))) == [440, 15, 15, 15, 15]
    # Other images follow those of a large job.
    monkeypatch.setattr(unchanged, "TOGETHER_REFS", 500)
    assert sizes(arrange(list(cut(found, "job", 64)))) == [440, 60]


def test_a_slow_file_system_is_looked_at_by_workers_only(
    refs: list[ImageRef], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unchanged, "SLOW_S", 0.0)
    documents, chunks = stored(refs, reader), list(cut(refs, "job", SIZE))
    arrange = Unchanged(lambda ids: documents, reader.look, MODEL, SIZE)
    assert sizes(arrange(chunks)) == [20]
    assert arrange(chunks) == chunks


def test_refused_references_keep_a_chunk_of_their_own(refs: list[ImageRef], reader: Reader) -> None:
    refused = UnlistedFolder("/closed", reason=Reason.UNREADABLE)
    *_, last = chunks = arranged([*refs, refused], stored(refs, reader), reader)
    assert sizes(chunks) == [20, 1] and last.refs == (refused,)


def test_where_it_spares_no_chunk_nothing_changes(refs: list[ImageRef], reader: Reader) -> None:
    documents = {id: found for id, found in stored(refs, reader).items() if id == refs[0].id}
    chunks = list(cut(refs, "job", SIZE))
    assert Unchanged(lambda ids: documents, reader.look, MODEL, SIZE)(chunks) == chunks


def test_an_index_that_is_away_is_asked_once(refs: list[ImageRef], reader: Reader) -> None:
    asked: list[int] = []

    def away(ids: Sequence[str]) -> Mapping[str, Stored]:
        asked.append(len(ids))
        raise IndexUnavailable("http://nowhere", "connection refused")

    arrange, chunks = Unchanged(away, reader.look, MODEL, SIZE), list(cut(refs, "job", SIZE))
    assert arrange(chunks) == arrange(chunks) == chunks
    assert asked == [20]


def test_a_job_asks_its_index_unless_that_is_new(refs: list[ImageRef], reader: Reader, tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path / "home", roots=(tmp_path,), chunk_size=SIZE)
    model = ModelIdentity("model", MODEL, 2, Metric.COSINE)
    with closing(factories.open_index(settings)) as index:
        index.ensure(model)
        found = stored(refs, reader)
        index.write([document(ref, found[ref.id].etag) for ref in refs])
    chunks = list(cut(refs, "job", SIZE))
    with arranging(settings, Prepared(model, is_new=False)) as arrange:
        assert sizes(arrange(chunks)) == [20]
    with arranging(settings, Prepared(model, is_new=True)) as arrange:
        assert arrange(chunks) == chunks


def document(ref: ImageRef, etag: str) -> Document:
    now, vector = "2026-01-01T00:00:00.000+00:00", np.array([1, 0], np.float32)
    return Document(ref.id, ref.uri, None, vector, "0" * 64, 1, 1, MODEL, now, "job/000000", {}, etag)

"""Indexes are created, listed and dropped; every test runs on each backend."""

from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

import pytest

from lookalike.errors import IndexMissing, ModelMismatch
from lookalike.index import Index, index_names, list_indexes, open_index
from lookalike.records import document_id
from tests.index.documents import COSINE, DIMENSION, L2, documents, unit, write


def test_an_index_is_created_once(absent: Index) -> None:
    absent.ensure(COSINE)
    absent.ensure(COSINE)
    assert absent.model() == COSINE
    assert absent.count() == 0


def test_an_index_of_another_model_is_rejected_and_the_error_names_both(index: Index) -> None:
    other = replace(COSINE, fingerprint="f" * 16)
    with pytest.raises(ModelMismatch) as error:
        index.ensure(other)
    assert str(COSINE) in str(error.value)
    assert str(other) in str(error.value)


def test_the_definition_shows_the_vector_field_and_its_dimension(index: Index) -> None:
    definition = index.definition()
    fields = definition["columns"] if "columns" in definition else definition["mappings"]["properties"]
    assert str(DIMENSION) in str(fields["image_embedding"]) and {"uri", "name"} < set(fields)


def test_a_model_with_another_name_and_the_same_fingerprint_is_the_same_model(index: Index) -> None:
    index.ensure(replace(COSINE, name="renamed"))
    assert index.model() == COSINE


def test_every_method_of_a_missing_index_raises_index_missing(absent: Index) -> None:
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
        lambda: absent.facet("label", 1),
        lambda: absent.count({"label": "cat"}),
        lambda: absent.delete(["x"]),
        lambda: list(absent.scan("x")),
        lambda: list(absent.scan_documents()),
        lambda: absent.write(documents(1)),
    )
    for use in uses:
        with pytest.raises(IndexMissing, match="images"):
            use()


def test_a_dropped_index_is_missing_and_can_be_created_for_another_model(index: Index) -> None:
    write(index, documents(3))
    index.drop()
    with pytest.raises(IndexMissing):
        index.count()
    index.ensure(L2)
    assert index.model() == L2
    assert index.count() == 0


def test_an_open_index_sees_what_another_client_writes_drops_and_creates_again(index_url: str, index: Index) -> None:
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
    assert index_names(index_url) == ["another", "images"]
    other.close()


def test_a_place_without_indexes_has_an_empty_list(index_url: str) -> None:
    assert list_indexes(index_url) == []


def _create_and_write(url: str, worker: int, barrier: Barrier) -> None:
    index = open_index(url, "images")
    written = documents(400, chunk=f"job/{worker}")
    barrier.wait(timeout=60)
    index.ensure(COSINE)
    for start in range(0, 400, 40):
        assert index.write(written[start : start + 40]) == []
        barrier.wait(timeout=60)
    index.close()


def test_concurrent_processes_create_one_index_with_one_of_each_document(index_url: str, absent: Index) -> None:
    context = get_context("spawn")
    barrier = context.Barrier(3)
    writers = [context.Process(target=_create_and_write, args=(index_url, i, barrier)) for i in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    absent.refresh()
    assert absent.count() == 400
    assert [info.version for info in list_indexes(index_url)] == ["images-v1"]

"""Loads are ended and indexes optimized; every test runs on each backend."""

from lookalike.index import Index
from tests.index.documents import COSINE, documents, unit


def test_ending_a_load_keeps_every_document_and_can_be_repeated(index: Index) -> None:
    for start in range(0, 60, 20):
        index.write(documents(60)[start : start + 20])
    index.end_load()
    index.end_load()
    assert index.count() == 60
    assert index.model() == COSINE
    assert len(index.search(unit(0), 60)) == 60


def test_optimizing_merges_the_pieces_that_writes_left_and_keeps_every_document(index: Index) -> None:
    for start in range(0, 40, 10):
        index.write(documents(40)[start : start + 10])
        index.refresh()
    counts = list(index.optimize())
    assert counts[0] > 1 and counts[-1] == 1
    assert index.count() == 40
    assert list(index.optimize())[-1] == 1


def test_a_caller_can_stop_progress_an_optimization(index: Index) -> None:
    for start in range(0, 40, 10):
        index.write(documents(40)[start : start + 10])
        index.refresh()
    progress = index.optimize()
    next(progress)
    progress.close()  # type: ignore[attr-defined]
    assert index.count() == 40

"""Vectors by id; every test runs on each backend."""

import numpy as np

from lookalike.index import Index
from tests.index.documents import clustered_vectors, document, write


def test_the_vectors_of_documents_are_those_that_were_written(index: Index) -> None:
    vectors = clustered_vectors(30)
    written = [document(str(i), vector) for i, vector in enumerate(vectors)]
    write(index, written)
    found = index.vectors([item.id for item in written[::3]] + ["0" * 40])
    assert found.keys() == {item.id for item in written[::3]}
    for item in written[::3]:
        np.testing.assert_allclose(found[item.id], item.image_embedding, atol=1e-6)
        assert found[item.id].dtype == np.float32
    assert index.vectors([]) == {} == index.vectors(["1" * 40])


def test_documents_are_found_by_their_ids(index: Index) -> None:
    vectors = clustered_vectors(30)
    written = [document(str(i), vector, metadata={"number": i}) for i, vector in enumerate(vectors)]
    write(index, written)
    found = index.documents([item.id for item in written[::3]] + ["0" * 40])
    assert {id: (each.uri, each.metadata) for id, each in found.items()} == {
        item.id: (item.uri, item.metadata) for item in written[::3]
    }
    np.testing.assert_allclose(found[written[0].id].image_embedding, vectors[0], atol=1e-6)
    assert index.documents([]) == {}

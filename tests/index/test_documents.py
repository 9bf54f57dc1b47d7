"""Documents are equal if their values are, the vector among them, in every version of Python."""

from dataclasses import replace

import numpy as np

from tests.index.documents import clustered_vectors, document


def test_documents_with_equal_vectors_are_equal_and_with_others_are_not() -> None:
    one = document("/0.jpg", clustered_vectors(1)[0], name="one")
    assert one == replace(one) == replace(one, image_embedding=one.image_embedding.copy())
    assert one != replace(one, image_embedding=np.zeros_like(one.image_embedding))
    assert one != replace(one, name="other") and one != "one"

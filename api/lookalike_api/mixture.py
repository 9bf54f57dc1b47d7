"""The vector of a search by several examples."""

from collections.abc import Mapping, Sequence

import numpy as np

from lookalike.errors import ModelMismatch
from lookalike.queries.examples import Example, Stored, is_decoded
from lookalike.queries.mixing import mixed
from lookalike.records import Document, ModelIdentity, Vector, Vectors


def vector_of(
    examples: Sequence[Example],
    documents: Mapping[str, Document],
    embedded: Vectors,
    model: ModelIdentity,
    index: str,
) -> Vector:
    """float32 [D], of `documents` by id and of the vectors, float32 [N, D], of what is decoded, in its order, made by
    `model`. Raises ModelMismatch if a document of the index is of another model, BadQuery if the examples cancel each
    other out."""
    for document in documents.values():
        if document.model != model.fingerprint:
            raise ModelMismatch(index, f"a model with the fingerprint {document.model}", str(model))
    decoded = iter(embedded)
    vectors = [
        documents[example.id].image_embedding
        if isinstance(example, Stored) and not is_decoded(example)
        else next(decoded)
        for example in examples
    ]
    return mixed(np.stack(vectors), [example.weight for example in examples], model.metric)

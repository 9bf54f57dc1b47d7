"""The vector of a search by several examples."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lookalike.errors import ModelMismatch
from lookalike.queries.examples import Example, Stored, Text, is_decoded
from lookalike.queries.mixing import mixed
from lookalike.records import Document, ModelIdentity, Vector, Vectors


class Embedded(NamedTuple):
    """Vectors, float32 [N, D], and the model that made them."""

    vectors: Vectors
    model: ModelIdentity


class Ingredients(NamedTuple):
    """What the vector of a search is made of: documents by their ids, what was decoded, and texts; the last two in
    their order, and None if there are none."""

    documents: Mapping[str, Document]
    decoded: Embedded | None = None
    texts: Embedded | None = None

    def model(self, index: str) -> ModelIdentity | None:
        """The model of the encoders; None if there was nothing to embed. Raises ModelMismatch if the index moved to
        another model between images and texts."""
        if self.decoded and self.texts and self.decoded.model.fingerprint != self.texts.model.fingerprint:
            raise ModelMismatch(index, str(self.texts.model), str(self.decoded.model))
        made = self.decoded or self.texts
        return made.model if made else None


def vector_of(examples: Sequence[Example], parts: Ingredients, model: ModelIdentity, index: str) -> Vector:
    """float32 [D], in the space of `model`. Raises ModelMismatch if a document of the index is of another model,
    BadQuery if the examples cancel each other out."""
    for document in parts.documents.values():
        if document.model != model.fingerprint:
            raise ModelMismatch(index, f"a model with the fingerprint {document.model}", str(model))
    decoded, texts = (iter(made.vectors if made else ()) for made in (parts.decoded, parts.texts))
    vectors = [_vector(example, parts.documents, decoded, texts) for example in examples]
    return mixed(np.stack(vectors), [example.weight for example in examples], model.metric)


def _vector(
    example: Example, documents: Mapping[str, Document], decoded: Iterable[Vector], texts: Iterable[Vector]
) -> Vector:
    """That of the document, or the next of those that were made."""
    if isinstance(example, Stored) and not is_decoded(example):
        return documents[example.id].image_embedding
    return next(iter(texts if isinstance(example, Text) else decoded))

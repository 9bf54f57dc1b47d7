"""A candidate: the vectors that one model gives for the images, with a head fitted on each split if wanted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lookalike.errors import PermanentError
from lookalike.records import Document, ModelIdentity, Vectors
from lookalike_evaluation.split import Split

Transform = Callable[[Vectors], Vectors]
#: (float32 [N, D], N labels) -> a function that maps vectors of that model to vectors of the fitted head.
FitOn = Callable[[Vectors, Sequence[str]], Transform]


@dataclass(frozen=True)
class Candidate:
    """`documents` holds one document per image; a split refers to them by position. The label is `name`."""

    name: str
    model: ModelIdentity
    documents: tuple[Document, ...]
    fit_on: FitOn | None = None
    #: Seconds to read, decode and embed all images once.
    seconds: float = 0.0

    @property
    def labels(self) -> list[str]:
        return [document.name or "" for document in self.documents]

    def vectors_for(self, split: Split) -> tuple[ModelIdentity, Vectors]:
        """Return the model and its vectors of all images, float32 [N, D]. A head is fitted on the stored part only."""
        vectors = np.stack([document.image_embedding for document in self.documents])
        if self.fit_on is None:
            return self.model, vectors
        labels = self.labels
        transform = self.fit_on(vectors[list(split.stored)], [labels[position] for position in split.stored])
        fitted = transform(vectors)
        if not np.isfinite(fitted).all():
            raise PermanentError(
                f"The head fitted for {self.name} returns non-finite values.", "Remove it from --models."
            )
        return replace(self.model, name=self.name, dimension=fitted.shape[1]), fitted


def with_common_images(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the images that every candidate has, in one order, so that all share the same splits."""
    shared = set.intersection(*({document.id for document in candidate.documents} for candidate in candidates))
    return [replace(candidate, documents=tuple(_sorted(candidate.documents, shared))) for candidate in candidates]


def _sorted(documents: Sequence[Document], wanted: set[str]) -> list[Document]:
    return sorted((document for document in documents if document.id in wanted), key=lambda document: document.uri)

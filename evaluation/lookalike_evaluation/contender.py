"""What is measured: one model's vectors of the pictures, or a head that is fitted anew on each split's stored part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lookalike.errors import PermanentError
from lookalike.records import Document, ModelIdentity, Vectors
from lookalike_evaluation.split import Split

Transform = Callable[[Vectors], Vectors]
#: Vectors, float32 [N, D], and their labels -> what turns any vectors of that model into those of the fitted head.
FitOn = Callable[[Vectors, Sequence[str]], Transform]


@dataclass(frozen=True)
class Contender:
    """`documents` hold one picture each, in the order that splits count in; the label is their `name`."""

    name: str
    model: ModelIdentity
    documents: tuple[Document, ...]
    fit_on: FitOn | None = None
    #: Of reading, decoding and embedding all pictures once.
    seconds: float = 0.0

    @property
    def labels(self) -> list[str]:
        return [document.name or "" for document in self.documents]

    def for_split(self, split: Split) -> tuple[ModelIdentity, Vectors]:
        """The model and its vectors of all pictures, [N, D]. A head to be fitted sees the stored part alone."""
        vectors = np.stack([document.image_embedding for document in self.documents])
        if self.fit_on is None:
            return self.model, vectors
        labels = self.labels
        transform = self.fit_on(vectors[list(split.stored)], [labels[place] for place in split.stored])
        fitted = transform(vectors)
        if not np.isfinite(fitted).all():
            raise PermanentError(f"The head fitted for {self.name} gives vectors that are not finite.", "Leave it out.")
        return replace(self.model, name=self.name, dimension=fitted.shape[1]), fitted


def in_common(contenders: Sequence[Contender]) -> list[Contender]:
    """The contenders with the pictures that all of them have, in one order, so that one split serves all."""
    shared = set.intersection(*({document.id for document in contender.documents} for contender in contenders))
    return [replace(contender, documents=tuple(_sorted(contender.documents, shared))) for contender in contenders]


def _sorted(documents: Sequence[Document], wanted: set[str]) -> list[Document]:
    return sorted((document for document in documents if document.id in wanted), key=lambda document: document.uri)

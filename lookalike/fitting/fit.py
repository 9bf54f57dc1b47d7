"""Chooses the method for a kind of head; imports its library only when it is used."""

from collections.abc import Callable, Sequence
from functools import partial

from lookalike.embedding import Head, Layer, project
from lookalike.fitting import classifier, discriminant, pca
from lookalike.fitting.training import Training, usable
from lookalike.records import Vectors

#: The kinds of head that can be fitted.
FITTED_HEADS = tuple(head for head in Head if head.is_fitted)


def fit(
    kind: Head, features: Vectors, labels: Sequence[str | None], *, dimensions: int = 256, seed: int = 0
) -> tuple[list[Layer], Training]:
    """The layers between unit-length pooled features, float32 [N, C], and the vector, and what they were fitted to.

    Only `classifier` depends on the seed. Raises BadSetting for features or labels that this kind cannot be fitted to.
    """
    training = usable(kind, features, labels)
    if kind is Head.PCA:
        layers = pca.fit(training.features, dimensions)
    elif kind is Head.LDA:
        layers = discriminant.fit(training.features, training.classes, dimensions)
    else:
        layers = classifier.fit(training.features, training.classes, dimensions, seed)
    return layers, training


def fit_on(
    kind: Head, features: Vectors, labels: Sequence[str | None], *, dimensions: int = 256, seed: int = 0
) -> Callable[[Vectors], Vectors]:
    """A function that turns pooled features into vectors of the head fitted to these. Raises as `fit` does."""
    layers, _ = fit(kind, features, labels, dimensions=dimensions, seed=seed)
    return partial(project, layers)

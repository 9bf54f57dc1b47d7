"""Linear discriminant analysis with shrinkage: the directions that separate the classes."""

import warnings

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding import Layer
from lookalike.errors import BadSetting
from lookalike.records import Vectors

#: How far each class's covariance is drawn to a multiple of the identity. From .1 to .4 answers hardly differ; the
#: automatic one (Ledoit and Wolf), which estimates covariances and ignores the search, shrinks far too little here:
#: P@1 .738 for .816 (18 faces, ResNet50, means of five splits), .591 for .797 (EfficientNet-Lite0).
SHRINKAGE = 0.2


def fit(features: Vectors, classes: NDArray[np.int64], dimensions: int) -> list[Layer]:
    """One direction less than there are classes, or the best `dimensions` of them, seen from the mean of all.

    Raises BadSetting where the images do not differ.
    """
    from scipy.linalg import LinAlgError
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    span = _span(features.astype(np.float64))
    shrinkage = _shrinkage_in(span)
    analysis = LinearDiscriminantAnalysis(solver="eigen", shrinkage=shrinkage)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            found = analysis.fit(features @ span, classes)
    except (LinAlgError, ValueError) as error:
        raise _alike() from error
    if not np.isfinite(found.scalings_).all():
        raise _alike()
    # The covariances differ from those of the features by this factor, and the directions by its root.
    directions = found.scalings_ * np.sqrt((1 - shrinkage) / (1 - SHRINKAGE))
    kernel = directions[:, : min(dimensions, len(found.classes_) - 1)]
    center = found.priors_ @ found.means_
    return [Layer((span @ kernel).astype(np.float32), (-center @ kernel).astype(np.float32))]


def _span(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """An orthonormal basis, float64 [C, R], of the differences between images. No direction that separates classes lies
    outside of it, and the analysis takes time in proportion to R cubed: for 100 images, R is 99 and C 2,048."""
    images, channels = features.shape
    if images > channels:
        return np.eye(channels)
    _, lengths, basis = np.linalg.svd(features - features.mean(0), full_matrices=False)
    rank = int((lengths > lengths[0] * channels * np.finfo(np.float32).eps).sum())
    return np.asarray(basis[: max(rank, 1)].T)


def _shrinkage_in(span: NDArray[np.float64]) -> float:
    """The shrinkage that does in the span what SHRINKAGE does in all channels: the identity is multiplied by the mean
    variance of a dimension, which is larger where there are fewer."""
    channels, rank = span.shape
    odds: float = SHRINKAGE / (1 - SHRINKAGE) * rank / channels
    return odds / (1 + odds)


def _alike() -> BadSetting:
    return BadSetting("The model sees no difference between the images of a class.", "Give images that differ.")

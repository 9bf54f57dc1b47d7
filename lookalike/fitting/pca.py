"""Principal components with square-root whitening: needs no labels."""

import numpy as np

from lookalike.embedding import Layer
from lookalike.records import Vectors

#: A component's scores are divided by its standard deviation to this power: 0 leaves them, 1 whitens fully. P@1 was
#: .612, .640, .663, .655 and .637 for 0, .25, .5, .75 and 1 (18 faces, EfficientNet-Lite0 with flips, five splits).
WHITENING = 0.5
#: Components of less than this share of the largest one's variance are rounding errors, which whitening would raise.
_SMALLEST_SHARE = 1e-6


def fit(features: Vectors, dimensions: int) -> list[Layer]:
    """At most `dimensions` components: fewer where there are fewer features, images or directions."""
    from sklearn.decomposition import PCA

    most = min(dimensions, features.shape[1], len(features) - 1)
    # Both are exact and need no seed; the first is quicker for many images, the second for few.
    solver = "covariance_eigh" if len(features) > features.shape[1] else "full"
    found = PCA(most, svd_solver=solver).fit(features.astype(np.float64))
    variance = found.explained_variance_
    kept = int((variance > _SMALLEST_SHARE * variance[0]).sum())
    kernel = found.components_[:kept].T * variance[:kept] ** (-WHITENING / 2)
    return [Layer(kernel.astype(np.float32), (-found.mean_ @ kernel).astype(np.float32))]

"""Clusters of a map: the hills of the density of its points."""

import numpy as np
from numpy.typing import NDArray

from lookalike.mapping.record import NO_CLUSTER, Clusters, Places

#: Cells along a side of the grid on which images are counted: about the root of their number, within these bounds.
LEAST_CELLS, MOST_CELLS = 16, 256
#: Standard deviation of the blur, as a share of the side: smaller hills are one.
BLUR = 0.012
#: A smaller hill is no cluster: this share of all images, and so many.
LEAST_SHARE, LEAST_IMAGES = 0.003, 4
MOST_CLUSTERS = 60

_STEPS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


def clusters_of(places: Places) -> Clusters:
    """The number of a cluster for each point, the largest cluster first, or NO_CLUSTER, uint16 [N]."""
    side = int(np.clip(np.sqrt(len(places)), LEAST_CELLS, MOST_CELLS))
    cells = np.minimum((places * side).astype(np.int64), side - 1)
    flat = cells[:, 1] * side + cells[:, 0]
    hills = _hills(_density(flat, side))[flat]
    found, counts = np.unique(hills, return_counts=True)
    least = max(LEAST_IMAGES, LEAST_SHARE * len(places))
    largest = [hill for count, hill in sorted(zip(-counts, found, strict=True)) if -count >= least][:MOST_CLUSTERS]
    numbers = np.full(side * side, NO_CLUSTER, np.uint16)
    numbers[largest] = np.arange(len(largest), dtype=np.uint16)
    clusters: Clusters = numbers[hills]
    return clusters


def _density(flat: NDArray[np.int64], side: int) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    counts = np.bincount(flat, minlength=side * side).reshape(side, side).astype(np.float64)
    blurred: NDArray[np.float64] = gaussian_filter(counts, max(0.7, BLUR * side), mode="constant")
    return blurred


def _hills(density: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each cell, the number of the cell on top of its hill: each cell leads to the densest one around it."""
    side = len(density)
    padded = np.pad(density, 1, constant_values=-1.0)
    around = np.stack([padded[1 + y : 1 + y + side, 1 + x : 1 + x + side] for y, x in _STEPS])
    steps = np.array(_STEPS)[around.argmax(axis=0)]
    rows, columns = np.indices((side, side))
    upwards = ((rows + steps[..., 0]) * side + columns + steps[..., 1]).ravel()
    # On a plain, two cells may lead to one another: the densest is the cell itself, unless another one is denser.
    itself = np.arange(side * side)
    upwards = np.where(density.ravel()[upwards] > density.ravel(), upwards, itself)
    while not np.array_equal(further := upwards[upwards], upwards):
        upwards = further
    return upwards

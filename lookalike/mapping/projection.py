"""Principal components: vectors with fewer dimensions, between which distances are nearly the same."""

from dataclasses import dataclass

import numpy as np

from lookalike.records import Vectors

#: Of t-SNE's input: more change little and take longer (van der Maaten and Hinton, "Visualizing Data using t-SNE",
#: JMLR 9, 2008, reduce to 30; later work to 50).
DIMENSIONS = 50


@dataclass(frozen=True, eq=False)
class Projection:
    """`mean` [D], `axes` [D, at most DIMENSIONS], those of the greatest variance first."""

    mean: Vectors
    axes: Vectors

    def __call__(self, vectors: Vectors) -> Vectors:
        """Vectors of [N, D] as [N, at most DIMENSIONS], float32."""
        return ((vectors - self.mean) @ self.axes).astype(np.float32)


def principal_components(vectors: Vectors) -> Projection:
    """The projection that fits these vectors, [N, D]."""
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = vectors - mean
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    # In ascending order, and of an axis both directions are as good: one must be chosen, so that a map stays as it is.
    axes = axes[:, ::-1][:, :DIMENSIONS]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return Projection(mean, (axes * signs).astype(np.float32))

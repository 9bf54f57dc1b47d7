"""The last part of the graph: from pooled features to the stored vector, as steps that any library can compute.

Weights come from NumPy's legacy generator, whose streams never change, so that the same seed gives the same head
everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding.artifacts import fitted
from lookalike.embedding.specs.spec import HEAD_DIMENSION, Head, ModelSpec
from lookalike.errors import ModelUnavailable

#: Part of what a vector means: another seed makes vectors that cannot be compared with stored ones.
SEED = 20240607
#: Shorter vectors are divided by this instead, to stay finite.
SMALLEST_NORM = 1e-12
#: Width of the article's hidden layer.
_ARTICLE_HIDDEN = 1024

Matrix = NDArray[np.float32]


class Activation(StrEnum):
    RELU = "relu"
    SOFTMAX = "softmax"


@dataclass(frozen=True, eq=False)
class Dense:
    """x @ kernel + bias, then the activation; kernel [C, D], bias [D] or none."""

    kernel: Matrix
    bias: Matrix | None = None
    activation: Activation | None = None


@dataclass(frozen=True)
class Unit:
    """x divided by its length, or by SMALLEST_NORM if it is shorter."""


Step: TypeAlias = Dense | Unit


def steps(spec: ModelSpec, width: int) -> list[Step]:
    """What makes [N, D] of features [N, width]: rows of `article` sum to 1, all others have unit length.

    Raises ModelUnavailable.
    """
    if spec.head is Head.ARTICLE:
        return _article(width)
    if spec.head.is_fitted:
        return [Unit(), *_fitted(spec, width), Unit()]
    if spec.head is Head.PROJECTION and width > HEAD_DIMENSION:
        return [Dense(orthonormal(width, HEAD_DIMENSION)), Unit()]
    return [Unit()]


def orthonormal(rows: int, columns: int) -> Matrix:
    """A random matrix whose columns are orthonormal: it preserves angles on average (Johnson and Lindenstrauss)."""
    q, r = np.linalg.qr(np.random.RandomState(SEED).standard_normal((rows, columns)))
    # LAPACK builds choose different signs; this makes the factorization unique.
    return np.asarray(q * np.sign(np.diag(r)), np.float32)


def _article(width: int) -> list[Step]:
    """The article's untrained layers: Dense 1024 ReLU, Dense 256 softmax, with Keras's default initialization."""
    random = np.random.RandomState(SEED)
    hidden = Dense(_glorot(random, width, _ARTICLE_HIDDEN), activation=Activation.RELU)
    return [hidden, Dense(_glorot(random, _ARTICLE_HIDDEN, HEAD_DIMENSION), activation=Activation.SOFTMAX)]


def _fitted(spec: ModelSpec, width: int) -> Iterator[Dense]:
    layers = fitted.layers_of(spec)
    if width != len(layers[0].kernel):
        raise ModelUnavailable(
            f"The model {spec.name} was fitted to {len(layers[0].kernel)} features; this base has {width}.",
            "Fit it again.",
        )
    for layer in layers:
        yield Dense(layer.kernel, layer.bias, None if layer is layers[-1] else Activation.RELU)


def _glorot(random: np.random.RandomState, rows: int, columns: int) -> Matrix:
    limit = np.sqrt(6.0 / (rows + columns))
    return random.uniform(-limit, limit, (rows, columns)).astype(np.float32)

"""The last part of the graph: from pooled features to the stored vector.

Weights come from NumPy's legacy generator, whose streams never change, so that the same seed gives the same head
everywhere.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding.artifacts import fitted
from lookalike.embedding.graph.backend import keras
from lookalike.embedding.specs.spec import HEAD_DIMENSION, Head, ModelSpec
from lookalike.errors import ModelUnavailable

#: Part of what a vector means: another seed makes vectors that cannot be compared with stored ones.
SEED = 20240607
#: Shorter vectors are divided by this instead, to stay finite.
_SMALLEST_NORM = 1e-12
#: Width of the article's hidden layer.
_ARTICLE_HIDDEN = 1024

Matrix = NDArray[np.float32]


def attach(features: Any, spec: ModelSpec) -> Any:
    """Return [N, D] for [N, C]: rows of `article` sum to 1, all others have unit length. Raises ModelUnavailable."""
    if spec.head is Head.ARTICLE:
        return _article(features)
    if spec.head.is_fitted:
        return _unit(_fitted(_unit(features), spec))
    if spec.head is Head.PROJECTION and features.shape[1] > HEAD_DIMENSION:
        features = _dense(features, orthonormal(features.shape[1], HEAD_DIMENSION))
    return _unit(features)


def orthonormal(rows: int, columns: int) -> Matrix:
    """A random matrix whose columns are orthonormal: it preserves angles on average (Johnson and Lindenstrauss)."""
    q, r = np.linalg.qr(np.random.RandomState(SEED).standard_normal((rows, columns)))
    # LAPACK builds choose different signs; this makes the factorization unique.
    return np.asarray(q * np.sign(np.diag(r)), np.float32)


def _article(features: Any) -> Any:
    """The article's untrained layers: Dense 1024 ReLU, Dense 256 softmax, with Keras's default initialization."""
    random = np.random.RandomState(SEED)
    hidden = _dense(features, _glorot(random, features.shape[1], _ARTICLE_HIDDEN), activation="relu")
    return _dense(hidden, _glorot(random, _ARTICLE_HIDDEN, HEAD_DIMENSION), activation="softmax")


def _fitted(x: Any, spec: ModelSpec) -> Any:
    layers = fitted.layers_of(spec)
    if x.shape[1] != len(layers[0].kernel):
        raise ModelUnavailable(
            f"The model {spec.name} was fitted to {len(layers[0].kernel)} features; this base has {x.shape[1]}.",
            "Fit it again.",
        )
    for number, layer in enumerate(layers):
        x = _dense(keras.ops.relu(x) if number else x, layer.kernel, bias=layer.bias)
    return x


def _glorot(random: np.random.RandomState, rows: int, columns: int) -> Matrix:
    limit = np.sqrt(6.0 / (rows + columns))
    return random.uniform(-limit, limit, (rows, columns)).astype(np.float32)


def _dense(x: Any, matrix: Matrix, activation: str | None = None, bias: Matrix | None = None) -> Any:
    # An untrained bias is zero.
    layer = keras.layers.Dense(matrix.shape[1], activation=activation, use_bias=bias is not None, dtype="float32")
    x = layer(x)
    layer.set_weights([matrix] if bias is None else [matrix, bias])
    return x


def _unit(x: Any) -> Any:
    norm = keras.ops.sqrt(keras.ops.sum(x * x, axis=1, keepdims=True))
    return x / keras.ops.maximum(norm, _SMALLEST_NORM)

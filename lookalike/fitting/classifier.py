"""The article's head, trained: Dense 1024 ReLU and Dense 256 under a softmax classifier that is removed afterwards.

Searches compare angles, so the classifier does, too: its inputs and its weights have unit length (as in NormFace,
Wang et al., 2017).
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding import Layer
from lookalike.records import Vectors

#: Width of the article's hidden layer.
HIDDEN = 1024
#: What cosines are multiplied by before the softmax: less cannot separate many classes, more overfits.
SCALE = 16.0
DROPOUT = 0.3
LABEL_SMOOTHING = 0.1
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-3
#: Maximum images per step; a small folder gets smaller batches, because MIN_STEPS steps make an epoch.
BATCH_SIZE = 64
MIN_STEPS = 16
MAX_EPOCHS = 60
#: Epochs without a better validation loss after which training stops; the best weights are kept.
PATIENCE = 8
#: Share of each class held out for early stopping.
VALIDATION_SHARE = 0.1


def fit(features: Vectors, classes: NDArray[np.int64], dimensions: int, seed: int) -> list[Layer]:
    """Two layers; the same seed and features give the same on the same machine."""
    from lookalike.embedding.graph.backend import keras

    keras.utils.set_random_seed(seed)
    center = features.mean(axis=0)
    scale = float((features - center).std())
    x = (features - center) / scale
    model = _model(keras, features.shape[1], dimensions, int(classes.max()) + 1)
    with warnings.catch_warnings():
        # Keras 3.15 copies variables in a way that NumPy 2.4 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        _train(keras, model, x, classes, seed)
        hidden, last = (model.get_layer(name).get_weights() for name in ("hidden", "vector"))
    kernel = hidden[0] / scale
    return [Layer(kernel, hidden[1] - center @ kernel), Layer(last[0], last[1])]


def _model(keras: Any, features: int, dimensions: int, classes: int) -> Any:
    inputs = keras.Input((features,))
    x = keras.layers.Dense(HIDDEN, activation="relu", name="hidden")(keras.layers.Dropout(DROPOUT)(inputs))
    x = keras.layers.Dense(dimensions, name="vector")(keras.layers.Dropout(DROPOUT)(x))
    x = keras.layers.UnitNormalization()(x)
    cosines = keras.layers.Dense(classes, use_bias=False, kernel_constraint=keras.constraints.UnitNorm(axis=0))(x)
    model = keras.Model(inputs, keras.layers.Rescaling(SCALE)(cosines))
    model.compile(
        keras.optimizers.AdamW(LEARNING_RATE, weight_decay=WEIGHT_DECAY),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING),
        # Compiling it costs more than these small steps gain.
        jit_compile=False,
    )
    return model


def _train(keras: Any, model: Any, x: Vectors, classes: NDArray[np.int64], seed: int) -> None:
    wanted = np.eye(int(classes.max()) + 1, dtype=np.float32)[classes]
    held_out = _held_out(classes, seed)
    watched = "val_loss" if held_out.any() else "loss"
    model.fit(
        x[~held_out],
        wanted[~held_out],
        batch_size=max(1, min(BATCH_SIZE, len(x) // MIN_STEPS)),
        epochs=MAX_EPOCHS,
        validation_data=(x[held_out], wanted[held_out]) if held_out.any() else None,
        callbacks=[keras.callbacks.EarlyStopping(watched, patience=PATIENCE, restore_best_weights=True)],
        verbose=0,
    )


def _held_out(classes: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """For each row whether it is held out: a share of each class, none of very small ones."""
    random = np.random.RandomState(seed)
    chosen = np.zeros(len(classes), bool)
    for number in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == number))
        chosen[rows[: round(VALIDATION_SHARE * len(rows))]] = True
    return chosen

"""The suite's model: a few layers, so that thousands of images a minute pass on two cores; knows no fault."""

import warnings
from pathlib import Path

from lookalike.embedding import build_artifact, resolve

PREPROCESSING = "none"
CHANNELS = 300


def make_model(folder: Path, size: int = 224) -> Path:
    """A `.keras` file for images of `size` pixels under `folder`, and under `folder`/models what workers load."""
    from lookalike.embedding.graph.backend import keras

    keras.utils.set_random_seed(11)
    inputs = keras.Input((size, size, 3))
    coarse = keras.layers.Conv2D(8, 7, strides=8, activation="relu")(inputs)
    outputs = keras.layers.Conv2D(CHANNELS, 3, strides=4, activation="relu")(coarse)
    path = folder / "tiny.keras"
    with warnings.catch_warnings():
        # Keras 3.15 copies variables in a way that NumPy 2.4 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        keras.Model(inputs, outputs).save(path)
    build_artifact(resolve(str(path), preprocessing=PREPROCESSING), folder)
    return path

"""The suite's model: a few layers, so that two cores embed thousands of images a minute."""

import warnings
from pathlib import Path

from lookalike.embedding import build_artifact, resolve

PREPROCESSING = "none"
CHANNELS = 300


def model_file(folder: Path) -> Path:
    return folder / "tiny.keras"


def make_model(folder: Path, size: int = 224) -> Path:
    """Write a `.keras` file for images of `size` pixels to `folder`, and the built model to `folder`/models."""
    from lookalike.embedding.graph.backend import keras

    keras.utils.set_random_seed(11)
    inputs = keras.Input((size, size, 3))
    coarse = keras.layers.Conv2D(8, 7, strides=8, activation="relu")(inputs)
    outputs = keras.layers.Conv2D(CHANNELS, 3, strides=4, activation="relu")(coarse)
    folder.mkdir(parents=True, exist_ok=True)
    path = model_file(folder)
    with warnings.catch_warnings():
        # Keras 3.15 copies variables in a way that NumPy 2.4 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        keras.Model(inputs, outputs).save(path)
    build_artifact(resolve(str(path), preprocessing=PREPROCESSING), folder)
    return path

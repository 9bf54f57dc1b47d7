"""Shared fixtures: one cache of compiled models per session, images, and small `.keras` files."""

import warnings
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from lookalike.embedding import Embedder, ModelSpec, load, resolve
from lookalike.records import Pixels


@pytest.fixture(scope="session")
def keras() -> Any:
    """The Keras library, imported only for tests that need it, because it loads TensorFlow."""
    from lookalike.embedding.graph.backend import keras

    return keras


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, model_home: Path, lite0: ModelSpec) -> Path:
    """A home with the default model, which tests may fill and damage."""
    home = tmp_path_factory.mktemp("home")
    copytree(model_home / "models" / lite0.fingerprint, home / "models" / lite0.fingerprint)
    return home


@pytest.fixture(scope="session")
def images() -> Pixels:
    """Five images, from noise to plain colours: uint8 [5, 224, 224, 3]."""
    random = np.random.RandomState(7)
    coarse = random.randint(0, 256, (5, 7, 7, 3)).astype(np.uint8)
    pixels = coarse.repeat(32, axis=1).repeat(32, axis=2)
    pixels[0] = random.randint(0, 256, (224, 224, 3))
    pixels[1] = 0
    return pixels


@pytest.fixture(scope="session")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a few layers whose feature map has 300 channels."""
    return _saved(tmp_path_factory.mktemp("models") / "small.keras", size=224)


@pytest.fixture(scope="session")
def sized_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for images of 96 x 96 that ends with average pooling."""
    return _saved(tmp_path_factory.mktemp("models") / "sized.keras", size=96, is_pooled=True)


def _saved(path: Path, *, size: int, is_pooled: bool = False) -> Path:
    from lookalike.embedding.graph.backend import keras

    keras.utils.set_random_seed(1)
    inputs = keras.Input((size, size, 3))
    x = keras.layers.Conv2D(8, 7, strides=8, activation="relu")(inputs)
    x = keras.layers.Conv2D(300, 3, strides=4, activation="relu")(x)
    outputs = keras.layers.GlobalAveragePooling2D()(x) if is_pooled else x
    with warnings.catch_warnings():
        # Keras 3.15 copies variables in a way that NumPy 2.4 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        keras.Model(inputs, outputs).save(path)
    return path


@pytest.fixture(scope="session")
def lite0() -> ModelSpec:
    return resolve("efficientnet-lite0")


@pytest.fixture(scope="session")
def embed(lite0: ModelSpec, home: Path) -> Embedder:
    return load(lite0, home=home, precision="f32")

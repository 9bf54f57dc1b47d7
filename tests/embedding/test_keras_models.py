"""The part of the graph before the backbone."""

import importlib
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.embedding import Preprocessing, resolve
from lookalike.embedding.specs.presets import PRESETS
from lookalike.errors import ModelUnavailable
from lookalike.records import Pixels
from tests.embedding.text_encoders import RED_APPLE, TABLE, encoder, expected, mean_encoder, saved


@pytest.mark.parametrize("mode", PRESETS)
def test_pixels_are_prepared_as_the_backbone_was_trained(mode: Preprocessing, images: Pixels, keras: Any) -> None:
    from lookalike.embedding.graph.keras_models import _prepared

    inputs = keras.Input((224, 224, 3), dtype="uint8")
    spec = resolve("resnet50", preprocessing=mode.value)
    prepared = keras.Model(inputs, _prepared(inputs, spec))(images).numpy()
    values = images.astype(np.float32)
    expected: NDArray[np.float32]
    if mode is Preprocessing.LITE:
        expected = (values - np.float32(127)) / np.float32(128)
    elif mode is Preprocessing.NONE:
        expected = values
    elif mode is Preprocessing.CLIP:
        mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
        expected = ((values / 255 - mean) / std).astype(np.float32)
    else:
        expected = keras.applications.imagenet_utils.preprocess_input(values.copy(), mode=mode.value)
    np.testing.assert_allclose(prepared, expected, atol=1e-4)


def test_numbers_that_have_no_name_prepare_a_keras_model_too(images: Pixels, keras: Any) -> None:
    from lookalike.embedding.graph.keras_models import _prepared

    inputs = keras.Input((224, 224, 3), dtype="uint8")
    spec = resolve("resnet50", preprocessing="mean=10,20,30+std=2,4,8+rescale=1+channels=bgr")
    prepared = keras.Model(inputs, _prepared(inputs, spec))(images).numpy()
    np.testing.assert_allclose(prepared, ((images - np.array([10, 20, 30])) / [2, 4, 8])[..., ::-1], atol=1e-4)


def layers_of(model: Any, keras: Any) -> int:
    return sum(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)


@pytest.mark.parametrize("name", ["efficientnet-lite0", "made"])
def test_a_graph_with_its_normalizations_in_its_convolutions_gives_the_same_vectors(
    name: str, images: Pixels, keras: Any, tmp_path: Path
) -> None:
    from lookalike.embedding.graph import keras_models

    spec = resolve("efficientnet-lite0")
    if name == "made":
        spec = resolve(f"{normalized(keras, tmp_path / 'made.keras')}:pooled", preprocessing="torch")
    plain, folded = (keras_models.build(spec, is_folded=is_folded) for is_folded in (False, True))
    backbones = [next(layer for layer in model.layers if hasattr(layer, "layers")) for model in (plain, folded)]
    left = [layers_of(backbone, keras) for backbone in backbones]
    assert left == ([49, 0] if name == "efficientnet-lite0" else [5, 3])
    np.testing.assert_allclose(folded(images).numpy(), plain(images).numpy(), atol=1e-5)


def normalized(keras: Any, path: Path) -> Path:
    """A file with five normalizations, of which two can be multiplied into a convolution: one is of the input, one
    comes after an activation, and the output of one's convolution is used twice."""
    layers, random = keras.layers, np.random.RandomState(3)
    inputs = keras.Input((224, 224, 3))
    x = layers.BatchNormalization()(inputs)
    x = layers.Conv2D(6, 7, strides=8, padding="same", use_bias=True)(x)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)(layers.ReLU()(x))
    x = layers.BatchNormalization(center=False)(x)
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, activation="relu")(x))
    both = layers.Conv2D(8, 1)(x)
    model = keras.Model(inputs, layers.Add()([layers.BatchNormalization()(both), both]))
    for layer in model.layers:
        layer.set_weights([random.uniform(0.2, 1, part.shape) for part in layer.get_weights()])
    with warnings.catch_warnings():
        # Keras 3.15 copies variables in a way that NumPy 2.4 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        model.save(path)
    return path


def test_an_encoder_of_texts_becomes_a_graph_that_gives_its_vectors(keras: Any, tmp_path: Path) -> None:
    ids = keras.Input((None,), dtype="int32", name="ids")
    lookup = keras.layers.Embedding(*TABLE.shape)
    model = keras.Model(ids, keras.layers.GlobalAveragePooling1D()(lookup(ids)))
    lookup.set_weights([TABLE])
    with warnings.catch_warnings():
        # Keras 3.15 copies variables in a way that NumPy 2.4 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        model.save(tmp_path / "text.keras")
    files = replace(saved(mean_encoder(), tmp_path), model=tmp_path / "text.keras")
    np.testing.assert_allclose(encoder(files, tmp_path / "built")(["red apple"]), [expected(*RED_APPLE)], rtol=1e-4)
    files.model.write_bytes(b"no model")
    with pytest.raises(ModelUnavailable, match=r"text\.keras cannot be used"):
        encoder(files, tmp_path / "broken")


def test_a_keras_json_of_another_program_decides_nothing(keras: Any) -> None:
    from lookalike.embedding.graph import backend

    keras.config.set_floatx("float16")
    keras.config.set_image_data_format("channels_first")
    keras.config.set_dtype_policy("mixed_float16")
    importlib.reload(backend)
    assert (keras.config.floatx(), keras.config.image_data_format()) == ("float32", "channels_last")
    assert keras.config.dtype_policy().name == "float32"

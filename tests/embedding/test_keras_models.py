"""The part of the graph before the backbone."""

import importlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.embedding import Preprocessing
from lookalike.records import Pixels


@pytest.mark.parametrize("mode", Preprocessing)
def test_pixels_are_prepared_as_the_backbone_was_trained(mode: Preprocessing, images: Pixels, keras: Any) -> None:
    from lookalike.embedding.graph.keras_models import _prepared

    inputs = keras.Input((224, 224, 3), dtype="uint8")
    prepared = keras.Model(inputs, _prepared(inputs, mode))(images).numpy()
    values = images.astype(np.float32)
    expected: NDArray[np.float32]
    if mode is Preprocessing.LITE:
        expected = (values - np.float32(127)) / np.float32(128)
    elif mode is Preprocessing.NONE:
        expected = values
    else:
        expected = keras.applications.imagenet_utils.preprocess_input(values.copy(), mode=mode.value)
    np.testing.assert_allclose(prepared, expected, atol=1e-4)


def test_a_keras_json_of_another_program_decides_nothing(keras: Any) -> None:
    from lookalike.embedding.graph import backend

    keras.config.set_floatx("float16")
    keras.config.set_image_data_format("channels_first")
    keras.config.set_dtype_policy("mixed_float16")
    importlib.reload(backend)
    assert (keras.config.floatx(), keras.config.image_data_format()) == ("float32", "channels_last")
    assert keras.config.dtype_policy().name == "float32"

"""Unusable files and weights are refused with a message that says what to do."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from lookalike.embedding import build_artifact, resolve
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable


def build(spec: ModelSpec) -> object:
    # Not imported above: collecting the tests would load TensorFlow in every process.
    from lookalike.embedding.graph import keras_models

    return keras_models.build(spec)


def test_a_file_with_code_in_it_is_refused(tmp_path: Path, keras: Any) -> None:
    inputs = keras.Input((224, 224, 3))
    path = tmp_path / "unsafe.keras"
    keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs)).save(path)
    with pytest.raises(ModelUnavailable, match=r"unsafe\.keras cannot be used"):
        build(resolve(str(path), preprocessing="none"))


def test_a_file_that_is_not_a_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.keras"
    path.write_bytes(b"no model")
    with pytest.raises(ModelUnavailable, match=r"broken\.keras cannot be used"):
        build(resolve(str(path), preprocessing="none"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelUnavailable, match=r"broken\.keras cannot be used"):
        build(resolve(str(path), preprocessing="none"))


def test_a_model_with_another_kind_of_input_is_refused(tmp_path: Path, keras: Any) -> None:
    inputs = keras.Input((32, 32, 1))
    path = tmp_path / "digits.keras"
    keras.Model(inputs, keras.layers.Flatten()(inputs)).save(path)
    with pytest.raises(ModelUnavailable, match="not one square image in colour"):
        build(resolve(str(path), preprocessing="none"))


def test_a_file_with_pooled_features_accepts_no_other_pooling(tmp_path: Path, keras: Any) -> None:
    inputs = keras.Input((224, 224, 3))
    path = tmp_path / "vector.keras"
    keras.Model(inputs, keras.layers.GlobalMaxPooling2D()(inputs)).save(path)
    with pytest.raises(ModelUnavailable, match="no feature map left"):
        build(resolve(f"{path}:gem", preprocessing="none"))


def test_a_file_that_changed_since_it_was_named_is_refused(small_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "changing.keras"
    path.write_bytes(small_file.read_bytes())
    spec = resolve(str(path), preprocessing="none")
    path.write_bytes(b"another")
    with pytest.raises(ModelUnavailable, match="changed"):
        build(spec)


def test_weights_that_cannot_be_downloaded_are_refused_with_alternatives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing listens on port 9, and a new Keras home has no weights.
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match="cannot be downloaded") as caught:
        build_artifact(resolve("resnet50"), tmp_path / "home")
    for way in ("LOOKALIKE_WEIGHTS", "_notop.h5", str(tmp_path / "keras" / "models"), "efficientnet-lite0"):
        assert way in str(caught.value)

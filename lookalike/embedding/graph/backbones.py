"""Builds a backbone from the installed weights, a `.keras` file or keras.applications."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lookalike.embedding.graph import checkpoint, keras_layers, lites
from lookalike.embedding.graph.backend import keras
from lookalike.embedding.specs.keras_file import sha256_of
from lookalike.embedding.specs.lites import BY_BACKBONE, Lite
from lookalike.embedding.specs.spec import FILE, ModelSpec, Pooling
from lookalike.errors import ModelUnavailable
from lookalike.shown import clause

#: Timeout of the weights' download; Keras has none.
FETCH_TIMEOUT_S = 20.0


def build(spec: ModelSpec) -> Any:
    """A keras.Model that takes float32 [N, size, size, 3], prepared as the spec says. Raises ModelUnavailable."""
    if (lite := BY_BACKBONE.get(spec.backbone)) is not None:
        return _lite(lite)
    if spec.backbone == FILE:
        return _file(spec)
    return _application(spec)


def _lite(lite: Lite) -> Any:
    inputs = keras.Input((lite.size, lite.size, 3))
    return keras.Model(inputs, lites.features(inputs, lite, checkpoint.weights_of(lite), keras_layers), name=lite.name)


def _file(spec: ModelSpec) -> Any:
    path = Path(spec.weights)
    if sha256_of(path) != spec.weights_sha256:
        raise ModelUnavailable(f"The model file {path} changed while it was being read.", "Start again.")
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    # A file from elsewhere can fail anywhere in Keras, with any exception.
    except Exception as error:
        raise ModelUnavailable(
            f"The model file {path} cannot be used: {clause(_first_sentence(error))}.",
            "It must be a whole model saved by Keras 3, made of Keras's own layers, without Python code.",
        ) from error
    _check(model, path, spec.size)
    return model if spec.pooling is Pooling.AVERAGE else _unpooled(model, path)


def _check(model: Any, path: Path, size: int) -> None:
    shape = model.input_shape
    one_image = isinstance(shape, tuple) and len(shape) == 4 and isinstance(model.output_shape, tuple)
    fits = one_image and all(n in (None, wanted) for n, wanted in zip(shape[1:], (size, size, 3), strict=True))
    if not fits:
        raise ModelUnavailable(
            f"The model file {path} has the input {shape}, which is not one square image in colour, or not one output.",
            f"Save a model that takes (None, {size}, {size}, 3) and has one output.",
        )


def _unpooled(model: Any, path: Path) -> Any:
    """The model up to its feature map; one that ends with average pooling is cut before it."""
    if len(model.output_shape) == 2 and isinstance(model.layers[-1], keras.layers.GlobalAveragePooling2D):
        model = keras.Model(model.inputs, model.layers[-1].input)
    if len(model.output_shape) != 4:
        raise ModelUnavailable(
            f"The model file {path} gives {model.output_shape}: there is no feature map left to pool differently.",
            "Leave out the option gem, or save the model up to its last feature map.",
        )
    return model


def _application(spec: ModelSpec) -> Any:
    # Keras's own average, because ConvNeXt normalizes after it.
    pooling = "avg" if spec.pooling is Pooling.AVERAGE else None
    shape = (spec.size, spec.size, 3)
    try:
        with _socket_timeout():
            return getattr(keras.applications, spec.backbone)(
                weights="imagenet", include_top=False, pooling=pooling, input_shape=shape
            )
    # Keras reports a failed download as a bare Exception.
    except Exception as error:
        raise ModelUnavailable(*_download_advice(spec.backbone, error)) from error


@contextmanager
def _socket_timeout() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(FETCH_TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _download_advice(backbone: str, error: Exception) -> tuple[str, str]:
    url = re.search(r"https?://\S+/([\w.-]+\.(?:h5|keras))", str(error))
    folder = Path(os.environ.get("KERAS_HOME", os.path.expanduser("~/.keras"))) / "models"
    put = f"download {url[0]} elsewhere and put it into {folder}" if url else f"put them into {folder}"
    return (
        f"The ImageNet weights of {backbone} cannot be downloaded: {_first_sentence(error)}",
        f"Set LOOKALIKE_WEIGHTS to a .keras file, {put}, or use --model efficientnet-lite0, which needs no download.",
    )


def _first_sentence(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text.split(". ")[0].rstrip(".") + "."

"""Where a backbone's graph and weights come from: the install, a `.keras` file or keras.applications."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lookalike.embedding import checkpoint, lite0
from lookalike.embedding.backend import keras
from lookalike.embedding.spec import FILE, LITE0, ModelSpec, sha256_of
from lookalike.errors import ModelUnavailable

#: How long a silent server may take before weights count as unfetchable; Keras itself would wait for ever.
FETCH_TIMEOUT_S = 20.0


def build(spec: ModelSpec) -> Any:
    """A keras.Model that takes float32 [N, 224, 224, 3], prepared as the spec says. Raises ModelUnavailable."""
    if spec.backbone == LITE0:
        return lite0.build(checkpoint.lite0())
    if spec.backbone == FILE:
        return _file(Path(spec.weights), spec.weights_sha256)
    return _application(spec.backbone)


def _file(path: Path, sha256: str | None) -> Any:
    if sha256_of(path) != sha256:
        raise ModelUnavailable(f"The model file {path} changed while it was being read.", "Start again.")
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    # A file from outside can fail anywhere inside Keras, with any exception.
    except Exception as error:
        raise ModelUnavailable(
            f"The model file {path} cannot be used: {_first_sentence(error)}",
            "It must be a whole model saved by Keras 3, made of Keras's own layers without code in them.",
        ) from error
    _check(model, path)
    return model


def _check(model: Any, path: Path) -> None:
    shape = model.input_shape
    one_picture = isinstance(shape, tuple) and len(shape) == 4 and isinstance(model.output_shape, tuple)
    fits = one_picture and all(n in (None, wanted) for n, wanted in zip(shape[1:], (224, 224, 3), strict=True))
    if not fits:
        raise ModelUnavailable(
            f"The model file {path} takes {shape}; it must take one picture of (None, 224, 224, 3) and give one output."
        )


def _application(backbone: str) -> Any:
    try:
        with _impatience():
            return getattr(keras.applications, backbone)(
                weights="imagenet", include_top=False, pooling="avg", input_shape=(224, 224, 3)
            )
    # Keras reports a failed download as a bare Exception.
    except Exception as error:
        raise ModelUnavailable(*_unfetched(backbone, error)) from error


@contextmanager
def _impatience() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(FETCH_TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _unfetched(backbone: str, error: Exception) -> tuple[str, str]:
    url = re.search(r"https?://\S+/([\w.-]+\.(?:h5|keras))", str(error))
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    put = f"download {url[0]} elsewhere and put it into {folder}" if url else f"put them into {folder}"
    return (
        f"The ImageNet weights of {backbone} cannot be fetched: {_first_sentence(error)}",
        f"Set LOOKALIKE_WEIGHTS to a .keras file, {put}, or use --model efficientnet-lite0, which needs no download.",
    )


def _first_sentence(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text.split(". ")[0].rstrip(".") + "."

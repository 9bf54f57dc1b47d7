"""Quantizes a converted graph with drawn images, and refuses one whose vectors this damages."""

from typing import Any

import numpy as np

from lookalike.embedding.int8.activations import SETTINGS
from lookalike.embedding.int8.layers import quantizable
from lookalike.embedding.int8.pictures import CALIBRATION_SEED, CHECK_SEED, PER_CLASS, drawn
from lookalike.embedding.int8.rewriting import rewrite
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.errors import ModelUnavailable
from lookalike.records import Pixels, Vectors
from lookalike.shown import clause

#: Least median of cosines with the float32 vectors, on drawn images that did not calibrate.
LEAST_COSINE = 0.98
_ADVICE = "Use the model without :int8, or quantize it with your own images: lookalike model quantize."


def quantize(model: Any, name: str, size: int) -> None:
    """Change `model`, from uint8 [-1, size, size, 3], to 8-bit integers in place. Raises ModelUnavailable."""
    if not quantizable(model):
        what = f"{name} has nothing to compute in 8-bit integers: neither convolutions nor products for each place."
        raise ModelUnavailable(what, "Use the model without :int8.")
    check = drawn(size, 1, CHECK_SEED)
    exact = _vectors(model, check)
    try:
        rewrite(model, drawn(size, PER_CLASS, CALIBRATION_SEED))
    except ValueError as error:
        raise ModelUnavailable(f"{name} cannot compute in 8-bit integers: {clause(error)}.", _ADVICE) from error
    cosine = _median_cosine(exact, _vectors(model, check))
    if not cosine >= LEAST_COSINE:
        what = f"{name} loses too much in 8-bit integers: the cosine to its float32 vectors is {cosine:.3f}."
        raise ModelUnavailable(what, _ADVICE)


def _vectors(model: Any, pixels: Pixels) -> Vectors:
    fixed = model.clone()
    fixed.reshape([1, *pixels.shape[1:]])
    compiled = openvino.Core().compile_model(fixed, "CPU", SETTINGS)
    return np.concatenate([np.array(compiled(image[None])[0]) for image in pixels])


def _median_cosine(one: Vectors, other: Vectors) -> float:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(np.median((one * other).sum(axis=1) / lengths))

"""Turns a model spec whose backbone is ours into one OpenVINO graph from pixels to vectors.

It computes what the graph of `keras_models.build` computes, and needs neither Keras nor TensorFlow. Graphs that come
from elsewhere (`imported`) begin and end in the same way.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lookalike.embedding.graph import checkpoint, heads, lites, openvino_layers
from lookalike.embedding.graph.heads import Activation, Dense, Step
from lookalike.embedding.graph.pooling import GEM_POWER, SMALLEST
from lookalike.embedding.graph.preprocessing import is_bgr, scales
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs.lites import BY_BACKBONE
from lookalike.embedding.specs.spec import ModelSpec, Pooling

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino.

#: The places of a feature map.
_PLACES = (2, 3)


def build(spec: ModelSpec) -> Any:
    """An openvino.Model from uint8 RGB [N, size, size, 3] to float32 [N, D], with preprocessing and head.

    Raises ModelUnavailable.
    """
    pixels = pixels_of(spec)
    lite = BY_BACKBONE[spec.backbone]
    features = lites.features(as_nchw(prepared(pixels, spec)), lite, checkpoint.weights_of(lite), openvino_layers)
    return finished(pixels, pooled(features, spec.pooling), spec)


def pixels_of(spec: ModelSpec, images: int = -1) -> Any:
    """The input, for any number of images or for this one."""
    return ops.parameter([images, spec.size, spec.size, 3], np.uint8, name="pixels")


def prepared(pixels: Any, spec: ModelSpec) -> Any:
    """float32 [N, size, size, 3] for the backbone; of twice as many images where mirror images count."""
    x = ops.convert(_with_mirrored(pixels) if spec.flip else pixels, np.float32)
    if is_bgr(spec):
        x = _reversed(x, axis=3)
    factor, offset = (np.asarray(numbers, np.float32) for numbers in scales(spec))
    return ops.add(ops.multiply(x, factor), offset)


def as_nchw(x: Any) -> Any:
    return ops.transpose(x, np.array([0, 3, 1, 2]))


def pooled(x: Any, pooling: Pooling, places: Sequence[int] = _PLACES) -> Any:
    """[N, C] from a feature map with these axes of places."""
    axes = np.array(places)
    if pooling is not Pooling.GEM:
        return ops.reduce_mean(x, axes)
    powers = ops.power(ops.maximum(x, np.float32(SMALLEST)), np.float32(GEM_POWER))
    return ops.power(ops.reduce_mean(powers, axes), np.float32(1 / GEM_POWER))


def finished(pixels: Any, features: Any, spec: ModelSpec) -> Any:
    """The whole graph: `features` [N, C], of twice as many images where mirror images count, become the vectors."""
    x = _merged(features) if spec.flip else features
    for step in heads.steps(spec, _width(x)):
        x = _done(x, step)
    return openvino.Model([ops.result(x, name="vectors")], [pixels], "embedding")


def _with_mirrored(pixels: Any) -> Any:
    """Twice as many images, the mirror images last: one pass of the backbone, and its weights once in the graph."""
    return ops.concat([pixels, _reversed(pixels, axis=2)], axis=0)


def _reversed(x: Any, axis: int) -> Any:
    (start, stop, step, axes) = (np.array([number]) for number in (-1, np.iinfo(np.int32).min, -1, axis))
    return ops.slice(x, start, stop, step, axes)


def _merged(features: Any) -> Any:
    """[N, C] out of [2N, C]: the mean of an image's features and its mirror image's."""
    pairs = ops.reshape(features, np.array([2, -1, _width(features)]), False)
    return ops.reduce_mean(pairs, np.array([0]))


def _width(x: Any) -> int:
    """C of [N, C]."""
    return int(x.output(0).partial_shape[1].get_length())


def _done(x: Any, step: Step) -> Any:
    if not isinstance(step, Dense):
        norm = ops.sqrt(ops.reduce_sum(ops.multiply(x, x), np.array([1]), keep_dims=True))
        return ops.divide(x, ops.maximum(norm, np.float32(heads.SMALLEST_NORM)))
    x = ops.matmul(x, ops.constant(step.kernel), False, False)
    if step.bias is not None:
        x = ops.add(x, step.bias)
    if step.activation is None:
        return x
    return ops.relu(x) if step.activation is Activation.RELU else ops.softmax(x, 1)

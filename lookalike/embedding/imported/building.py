"""Turns the spec of an ONNX file or an IR into one OpenVINO graph from pixels to vectors."""

from typing import Any

import numpy as np

from lookalike.embedding.graph import openvino_models
from lookalike.embedding.imported.features import chosen, pooled
from lookalike.embedding.imported.reading import FAILURES, read, reason
from lookalike.embedding.imported.shorter import lengthen
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs.graph_facts import GraphInput
from lookalike.embedding.specs.graph_file import CHANNELS, layout_of
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable
from lookalike.records import Pixels, Vectors

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino.

#: Another precision would measure its own rounding.
SETTINGS = {"INFERENCE_PRECISION_HINT": "f32"}
#: Largest difference between the vectors of an image alone and of the image beside another one.
_TOLERANCE = 1e-3
_COLOURS = 3


def build(spec: ModelSpec) -> Any:
    """From uint8 RGB [N, size, size, 3] to float32 [N, D]; N is 1 where the graph takes only one image at a time.

    Raises ModelUnavailable.
    """
    model = read(spec)
    layout = _for_one_image(model, spec)
    try:
        features = pooled(chosen(model, spec), spec, layout)
        pixels = openvino_models.pixels_of(spec, images=1)
        _connect(model, openvino_models.prepared(pixels, spec), layout)
        # Shapes anew: where mirror images count, the graph has two images for each.
        openvino.Model([ops.result(features)], [pixels], "features").validate_nodes_and_infer_types()
        one = openvino_models.finished(pixels, features, spec)
        one.validate_nodes_and_infer_types()
        if spec.int8:
            lengthen(one, spec)
        return _for_many(one, spec)
    except FAILURES as error:
        raise _fixed(spec) if spec.flip else _unusable(spec, error) from error


def _connect(model: Any, x: Any, layout: str) -> None:
    """Put `x`, float32 [N, size, size, 3], in the place of the input."""
    (entry,) = model.get_parameters()
    x = ops.convert(openvino_models.as_nchw(x) if layout == "nchw" else x, entry.get_element_type())
    for reader in list(entry.output(0).get_target_inputs()):
        reader.replace_source_output(x.output(0))


def vectors_of(model: Any, images: Pixels) -> Vectors:
    """Of a graph for as many images. Raises RuntimeError."""
    return np.array(openvino.Core().compile_model(model, "CPU", SETTINGS)(images)[0], np.float32)


def _for_one_image(model: Any, spec: ModelSpec) -> str:
    """Fix the shape of the input, and return its layout. Raises ModelUnavailable."""
    failed: Exception | None = None
    for layout in _layouts(model, spec):
        shape = [1, spec.size, spec.size]
        shape.insert(CHANNELS[layout], _COLOURS)
        try:
            model.reshape(openvino.PartialShape(shape))
        except FAILURES as error:
            failed = error
        else:
            return layout
    what = f"{spec.weights} does not take images of {spec.size} x {spec.size} pixels: {reason(failed)}."
    raise ModelUnavailable(what, "Give the size and the layout that it was exported for, or export it again.")


def _layouts(model: Any, spec: ModelSpec) -> list[str]:
    """The layouts that the input may have. Where nothing tells, the usual one of ONNX comes first."""
    shape = model.inputs[0].get_partial_shape()
    lengths = None if shape.rank.is_dynamic else tuple(None if one.is_dynamic else one.get_length() for one in shape)
    known = spec.layout or layout_of(GraphInput("", "", lengths))
    return [known] if known is not None else list(CHANNELS)


def _for_many(one: Any, spec: ModelSpec) -> Any:
    """The graph for any number of images, if their vectors do not depend on one another. Raises ModelUnavailable."""
    shape = [spec.size, spec.size, 3]
    images = np.random.RandomState(0).randint(0, 256, (2, *shape)).astype(np.uint8)
    alone = np.concatenate([vectors_of(one, image[None]) for image in images])
    _check(alone, spec)
    try:
        many = one.clone()
        many.reshape([-1, *shape])
        two = one.clone()
        two.reshape([2, *shape])
        together = vectors_of(two, images)
        if together.shape == alone.shape and np.abs(together - alone).max() < _TOLERANCE:
            return many
    except FAILURES:
        # Numbers of images are written in its nodes.
        pass
    if spec.int8:
        raise _fixed(spec)
    return one


def _check(vectors: Vectors, spec: ModelSpec) -> None:
    if not np.isfinite(vectors).all():
        what = f"{spec.weights} gives numbers that are not finite."
        raise ModelUnavailable(what, "Check the preprocessing; a model in float16 may need its float32 file.")
    if np.array_equal(vectors[0], vectors[1]):
        what = f"{spec.weights} gives the same vector for different images."
        raise ModelUnavailable(what, "Name the output that has the features: output=NAME.")


def _fixed(spec: ModelSpec) -> ModelUnavailable:
    what = f"{spec.weights} takes one image at a time, so that :flip and :int8 cannot be used."
    return ModelUnavailable(what, "Export it for any number of images (a dynamic first axis).")


def _unusable(spec: ModelSpec, error: Exception) -> ModelUnavailable:
    return ModelUnavailable(f"OpenVINO cannot run {spec.weights}: {reason(error)}.", "Export it again, or use another.")

"""Which output of a graph has the features of an image, and how it becomes one vector for each image."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lookalike.embedding.graph import openvino_models
from lookalike.embedding.specs.graph_file import PLACES
from lookalike.embedding.specs.spec import ModelSpec, Pooling
from lookalike.errors import ModelUnavailable
from lookalike.shown import shown

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino, which openvino_models loads.

#: Axes of an output.
_VECTOR, _TOKENS, _MAP = 2, 3, 4
#: Of unit length, one number says nothing.
_SHORTEST = 2
#: Most names that a message repeats.
_NAMED = 5


def chosen(model: Any, spec: ModelSpec) -> Any:
    """The output of `model`, which takes one image, that has the features. Raises ModelUnavailable."""
    if spec.output is not None:
        return _by_name(model, spec)
    by_rank: dict[int, list[Any]] = {}
    for output in model.outputs:
        by_rank.setdefault(_rank(output), []).append(output)
    for rank in (_VECTOR, _MAP, _TOKENS):
        found = by_rank.get(rank, [])
        if len(found) == 1:
            return _computed(found[0])
        if found:
            break
    described = ", ".join(_described(output) for output in model.outputs[:_NAMED])
    what = f"{spec.weights} has the outputs {described}: it is not clear which of them has the features."
    raise ModelUnavailable(what, "Name one: --preprocessing torch:output=NAME.")


def pooled(output: Any, spec: ModelSpec, layout: str) -> Any:
    """float32 [N, C] of an output. Raises ModelUnavailable."""
    shape, rank, pooling = output.get_partial_shape(), _rank(output), spec.pooling
    if rank not in (_VECTOR, _TOKENS, _MAP) or any(shape[axis].is_dynamic for axis in range(1, rank)):
        raise _unusable(spec, output, "which is neither a feature map nor one vector for each image")
    # float32, so that a model of shorter numbers loses no precision here.
    x = ops.convert(output, np.float32)
    if rank == _VECTOR and pooling is Pooling.AVERAGE:
        features = x
    elif rank == _MAP and not pooling.is_of_tokens:
        features = openvino_models.pooled(x, pooling, PLACES[layout])
    elif rank == _TOKENS and pooling is Pooling.MEAN:
        features = openvino_models.pooled(x, Pooling.AVERAGE, [1])
    elif rank == _TOKENS and pooling is Pooling.CLS:
        features = ops.gather(x, np.array(0), np.array(1))
    elif rank == _TOKENS:
        advice = "Add :cls to the name of the file for the first one, or :mean for the mean of all."
        raise _unusable(spec, output, "a vector for each token", advice)
    else:
        raise _unusable(spec, output, f"from which the option {pooling} cannot make a vector", "Leave the option out.")
    if features.output(0).partial_shape[1].get_length() < _SHORTEST:
        raise _unusable(spec, output, "which is one number for each image")
    return features


def _by_name(model: Any, spec: ModelSpec) -> Any:
    """Any tensor of the graph, so that a classifier can be cut before its last layers."""
    for output in _tensors(model):
        if spec.output in output.get_names():
            return _computed(output)
    described = ", ".join(_described(output) for output in model.outputs[:_NAMED])
    what = f"{spec.weights} has no output {shown(spec.output)}; it has {described}."
    raise ModelUnavailable(what, "Any tensor of the graph can be named as well, as it is called in the file.")


def _tensors(model: Any) -> Iterator[Any]:
    yield from model.outputs
    for node in model.get_ordered_ops():
        yield from node.outputs()


def _computed(output: Any) -> Any:
    """Of what computes it: an output of a model is a node of its own, which nothing may follow."""
    node = output.get_node()
    return node.input_value(0) if node.get_type_name() == "Result" else output


def _rank(output: Any) -> int:
    rank = output.get_partial_shape().rank
    return -1 if rank.is_dynamic else int(rank.get_length())


def _described(output: Any) -> str:
    name = min(output.get_names(), key=len, default="without a name")
    return f"{shown(name)} {output.get_partial_shape()}"


def _unusable(spec: ModelSpec, output: Any, why: str, advice: str = "") -> ModelUnavailable:
    what = f"{spec.weights} gives {_described(output)}, {why}."
    return ModelUnavailable(what, advice or "Name another output: --preprocessing torch:output=NAME.")

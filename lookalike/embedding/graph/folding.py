"""Multiplies BatchNormalization into the convolution before it: the same numbers with fewer passes over the memory.

At inference BatchNormalization is (x - mean) * gamma / sqrt(variance + epsilon) + beta for each channel, and a
convolution is linear, so its kernel and bias can take both (Jacob et al., 2018, section 3.2).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding.graph.backend import keras

Weights = list[NDArray[np.float32]]


class Nothing(keras.layers.Layer):  # type: ignore[misc]
    """In the place of a layer that is no longer needed."""

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return inputs


def folded(model: Any) -> Any:
    """The model without the normalizations that follow a convolution directly, with the layers of `model` where they
    stay as they are; itself if there are none."""
    pairs = dict(_pairs(model)) if isinstance(model, keras.Model) and hasattr(model, "operations") else {}
    if not pairs:
        return model
    normalizations = {norm.name for norm in pairs.values()}

    def replaced(layer: Any) -> Any:
        if layer.name in normalizations:
            return Nothing(name=layer.name)
        return _with_bias(layer) if layer.name in pairs else layer

    other = keras.models.clone_model(model, clone_function=replaced)
    for name, norm in pairs.items():
        other.get_layer(name).set_weights(_multiplied(model.get_layer(name), norm))
    return other


def _with_bias(conv: Any) -> Any:
    """A convolution of the same form. Not from `get_config`, which imports TensorFlow, whatever the backend is."""
    is_depthwise = isinstance(conv, keras.layers.DepthwiseConv2D)
    names = ("depth_multiplier",) if is_depthwise else ("filters", "groups")
    form = {name: getattr(conv, name) for name in (*names, "kernel_size", "strides", "padding", "dilation_rate")}
    # Zeros, because JAX compiles a program for the random numbers of each shape.
    form["depthwise_initializer" if is_depthwise else "kernel_initializer"] = "zeros"
    return type(conv)(**form, data_format=conv.data_format, dtype=conv.dtype_policy, name=conv.name)


def _pairs(model: Any) -> Iterator[tuple[str, Any]]:
    """The name of each convolution whose only use is a normalization of its channels, and that normalization."""
    for norm in model.layers:
        if type(norm) is not keras.layers.BatchNormalization or len(norm._inbound_nodes) != 1:
            continue
        conv = norm._inbound_nodes[0].input_tensors[0]._keras_history.operation
        if type(conv) not in (keras.layers.Conv2D, keras.layers.DepthwiseConv2D):
            continue
        is_alone = len(conv._inbound_nodes) == len(conv._outbound_nodes) == 1 and conv.output is not model.output
        is_plain = conv.activation is keras.activations.linear and conv.data_format == "channels_last"
        if is_alone and is_plain and norm.axis in (-1, 3):
            yield conv.name, norm


def _multiplied(conv: Any, norm: Any) -> Weights:
    """Kernel and bias that do what both layers do; in float64, because they are rounded only once then."""
    kernel = np.asarray(conv.kernel, np.float64)
    mean, variance = (np.asarray(values, np.float64) for values in (norm.moving_mean, norm.moving_variance))
    factor = 1 / np.sqrt(variance + norm.epsilon)
    if norm.scale:
        factor = factor * np.asarray(norm.gamma, np.float64)
    bias = (np.asarray(conv.bias, np.float64) if conv.use_bias else 0.0) - mean
    offset = np.asarray(norm.beta, np.float64) if norm.center else 0.0
    # A depthwise kernel has its channels in the last two dimensions: [height, width, in, multiplier].
    is_depthwise = isinstance(conv, keras.layers.DepthwiseConv2D)
    scaled = kernel * (factor.reshape(kernel.shape[2:]) if is_depthwise else factor)
    return [scaled.astype(np.float32), (bias * factor + offset).astype(np.float32)]

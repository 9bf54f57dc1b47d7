"""Turns a model spec into one Keras graph from pixels to vectors; for every runtime."""

from typing import Any

from lookalike.embedding.graph import backbones, folding, heads
from lookalike.embedding.graph.backend import keras
from lookalike.embedding.graph.heads import Dense, Step
from lookalike.embedding.graph.pooling import GEM_POWER, SMALLEST
from lookalike.embedding.graph.preprocessing import is_bgr, scales
from lookalike.embedding.specs.spec import ModelSpec, Pooling
from lookalike.errors import ModelUnavailable


def build(spec: ModelSpec, *, precision: str = "f32", is_folded: bool = False) -> Any:
    """A keras.Model from uint8 RGB [N, size, size, 3] to float32 [N, D], with preprocessing and head.

    `precision` bf16 lets the backbone compute in bfloat16. `is_folded`: its normalizations are in its convolutions.
    Raises ModelUnavailable.
    """
    backbone = backbones.build(spec)
    if is_folded:
        backbone = folding.folded(backbone)
    if precision == "bf16":
        for layer in backbone._flatten_layers(include_self=False):
            layer.dtype_policy = "mixed_bfloat16"
    pixels = keras.Input((spec.size, spec.size, 3), dtype="uint8", name="pixels")
    seen = _prepared(_with_mirrored(pixels) if spec.flip else pixels, spec)
    features = _pooled(backbone(seen, training=False), spec.pooling)
    x = _merged(features) if spec.flip else features
    for step in heads.steps(spec, x.shape[1]):
        x = _done(x, step)
    return keras.Model(pixels, x, name="embedding")


def _with_mirrored(pixels: Any) -> Any:
    """Twice as many images, the mirror images last: one pass of the backbone, and its weights once in the graph."""
    return keras.ops.concatenate([pixels, keras.ops.flip(pixels, axis=2)], axis=0)


def _merged(features: Any) -> Any:
    """[N, C] out of [2N, C]: the mean of an image's features and its mirror image's."""
    return keras.ops.mean(keras.ops.reshape(features, (2, -1, features.shape[1])), axis=0)


def _prepared(pixels: Any, spec: ModelSpec) -> Any:
    x = keras.ops.cast(pixels, "float32")
    if is_bgr(spec):
        x = x[..., ::-1]
    return keras.layers.Rescaling(*scales(spec), name="preprocessing")(x)


def _pooled(features: Any, pooling: Pooling) -> Any:
    """[N, C] from what a backbone gives; in float32, so that a bfloat16 backbone loses no precision here."""
    x = keras.ops.cast(features, "float32")
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D(name="average")(x) if pooling is Pooling.AVERAGE else _gem(x)
    if len(x.shape) != 2 or x.shape[1] is None:
        what = f"The model gives {x.shape}, which is neither a feature map nor one vector per image."
        raise ModelUnavailable(what, "Save the model up to its last feature map, or up to one vector per image.")
    return x


def _gem(x: Any) -> Any:
    powers = keras.ops.power(keras.ops.maximum(x, SMALLEST), GEM_POWER)
    return keras.ops.power(keras.ops.mean(powers, axis=(1, 2)), 1 / GEM_POWER)


def _done(x: Any, step: Step) -> Any:
    if isinstance(step, Dense):
        return _dense(x, step)
    norm = keras.ops.sqrt(keras.ops.sum(x * x, axis=1, keepdims=True))
    return x / keras.ops.maximum(norm, heads.SMALLEST_NORM)


def _dense(x: Any, step: Dense) -> Any:
    layer = keras.layers.Dense(
        step.kernel.shape[1], activation=step.activation, use_bias=step.bias is not None, dtype="float32"
    )
    x = layer(x)
    layer.set_weights([step.kernel] if step.bias is None else [step.kernel, step.bias])
    return x

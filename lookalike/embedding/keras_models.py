"""Turns a model spec into one Keras graph from pixels to vectors; it knows no runtime and no cache."""

from typing import Any

from lookalike.embedding import backbones, heads
from lookalike.embedding.backend import keras
from lookalike.embedding.spec import ModelSpec, Preprocessing
from lookalike.errors import ModelUnavailable

Numbers = float | list[float]

#: Factor and offset per channel; `caffe` also swaps RGB for BGR. Origin of caffe, tf and torch: Keras's
#: `imagenet_utils.py`; of lite: `efficientnet_lite_builder.py` of the TensorFlow TPU models.
_SCALES: dict[Preprocessing, tuple[Numbers, Numbers]] = {
    Preprocessing.CAFFE: (1.0, [-103.939, -116.779, -123.68]),
    Preprocessing.TF: (1 / 127.5, -1.0),
    Preprocessing.TORCH: (
        [1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)],
        [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
    ),
    Preprocessing.LITE: (1 / 128, -127 / 128),
    Preprocessing.NONE: (1.0, 0.0),
}


def build(spec: ModelSpec, *, precision: str = "f32") -> Any:
    """A keras.Model from uint8 RGB [N, 224, 224, 3] to float32 [N, D], everything between included.

    `precision` bf16 lets the backbone compute in bfloat16. Raises ModelUnavailable.
    """
    backbone = backbones.build(spec)
    if precision == "bf16":
        for layer in backbone._flatten_layers(include_self=False):
            layer.dtype_policy = "mixed_bfloat16"
    pixels = keras.Input((224, 224, 3), dtype="uint8", name="pixels")
    features = backbone(_prepared(pixels, spec.preprocessing), training=False)
    return keras.Model(pixels, heads.attach(_pooled(features), spec.head), name="embedding")


def _prepared(pixels: Any, preprocessing: Preprocessing) -> Any:
    x = keras.ops.cast(pixels, "float32")
    if preprocessing is Preprocessing.CAFFE:
        x = x[..., ::-1]
    return keras.layers.Rescaling(*_SCALES[preprocessing], name="preprocessing")(x)


def _pooled(features: Any) -> Any:
    """[N, C] from what a backbone gives; in float32, so that a bfloat16 backbone loses no digits here."""
    x = keras.ops.cast(features, "float32")
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    if len(x.shape) != 2 or x.shape[1] is None:
        raise ModelUnavailable(f"The model gives {x.shape}, which is neither a feature map nor one vector a picture.")
    return x

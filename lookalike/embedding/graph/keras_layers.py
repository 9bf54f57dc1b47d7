"""The layers of our backbones in Keras; feature maps are [N, height, width, channels]."""

from typing import Any

from lookalike.embedding.graph.backend import keras
from lookalike.embedding.graph.layers import Convolution, Normalization

#: By stride. Keras's "same" puts zeros right and below only where an image shrinks. Lite0's weights say "same" in 43 of
#: 49 layers' recorded means, but as features zeros on all sides are better: P@1 .533 to .504 projected, .634 to .556
#: after PCA (18 faces, means of five splits), top-1 .734 to .692.
_PADDING = {1: "same", 2: "valid"}


def convolved(x: Any, convolution: Convolution) -> Any:
    kernel = convolution.kernel
    if convolution.stride > 1:
        x = keras.layers.ZeroPadding2D(kernel.shape[2] // 2)(x)
    layer = _depthwise(convolution) if convolution.is_depthwise else _plain(convolution)
    x = layer(x)
    # Keras keeps kernels as [height, width, in, out]; a depthwise kernel has out = 1 there and in = 1 here.
    layer.set_weights([kernel.transpose(2, 3, 0, 1) if convolution.is_depthwise else kernel.transpose(2, 3, 1, 0)])
    return _normalized(x, convolution.normalization)


def _depthwise(convolution: Convolution) -> Any:
    # Zeros, here and below, because JAX compiles a program for the random numbers of each shape.
    return keras.layers.DepthwiseConv2D(
        convolution.kernel.shape[2],
        convolution.stride,
        _PADDING[convolution.stride],
        depthwise_initializer="zeros",
        use_bias=False,
    )


def _plain(convolution: Convolution) -> Any:
    return keras.layers.Conv2D(
        convolution.kernel.shape[0],
        convolution.kernel.shape[2],
        convolution.stride,
        _PADDING[convolution.stride],
        kernel_initializer="zeros",
        use_bias=False,
    )


def _normalized(x: Any, normalization: Normalization) -> Any:
    layer = keras.layers.BatchNormalization(epsilon=normalization.epsilon)
    x = layer(x)
    layer.set_weights([normalization.gamma, normalization.beta, normalization.mean, normalization.variance])
    return x


def relu6(x: Any) -> Any:
    return keras.layers.ReLU(max_value=6.0)(x)


def added(x: Any, other: Any) -> Any:
    return x + other

"""The two encoders as OpenVINO graphs, and the tokenizer of the texts."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding.graph import checkpoint, lites, openvino_layers
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs.lites import LITES
from testing.text_pair.captions import TABLE

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino.

#: Side in pixels of the images that the image encoder takes.
SIZE = 224
UNKNOWN = "[UNK]"
Numbers = NDArray[np.float32]

#: The backbone, whose features tell shapes.
LITE = LITES[0]
#: How sharply a pixel belongs to one colour: in squared levels of a channel.
_SHARPNESS = 1500.0
#: Colours are looked at in a picture that is so many times smaller.
_COARSER = 4


def image_features() -> Any:
    """The part of the image encoder that is not trained here: float32 [N, 224, 224, 3], from 0 to 255, to [N, F]: how
    much of each colour an image has, and the features of a backbone."""
    pixels = ops.parameter([-1, SIZE, SIZE, 3], np.float32, name="pixels")
    planes = ops.transpose(pixels, np.array([0, 3, 1, 2]))
    features = ops.concat([_colours(planes), _shapes(planes)], axis=1)
    return openvino.Model([ops.result(features, name="features")], [pixels], "features")


def image_encoder(kernel: Numbers, bias: Numbers) -> Any:
    """The same, and the trained layer: to float32 [N, D]."""
    model = image_features()
    features = model.output(0).get_node().input_value(0)
    vectors = ops.add(ops.matmul(features, ops.constant(kernel), False, False), ops.constant(bias[None]))
    return openvino.Model([ops.result(vectors, name="vectors")], model.get_parameters(), "image")


def text_encoder(table: Numbers) -> Any:
    """The mean of the embeddings, [V, D], of a text's tokens: int64 [N, T] and a mask [N, T] to float32 [N, D]."""
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    mask = ops.parameter([-1, -1], np.int64, name="attention_mask")
    for parameter in (ids, mask):
        parameter.output(0).get_tensor().set_names({parameter.get_friendly_name()})
    shown = ops.unsqueeze(ops.convert(mask, np.float32), np.array([2]))
    embedded = ops.multiply(ops.gather(ops.constant(table), ids, np.int64(0)), shown)
    count = ops.maximum(ops.reduce_sum(shown, np.array([1])), np.float32(1))
    mean = ops.divide(ops.reduce_sum(embedded, np.array([1])), count)
    return openvino.Model([ops.result(mean, name="vectors")], [ids, mask], "text")


def write_tokenizer(path: Path, words: list[str]) -> None:
    """A tokenizer of whole words, small letters and capitals alike; an unknown one is number 0."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    vocabulary = {word: number for number, word in enumerate([UNKNOWN, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(path))


def _colours(planes: Any) -> Any:
    """[N, 12]: a softmax over the squared distances to the colours, in each pixel, and their mean."""
    coarse = ops.avg_pool(planes, [_COARSER] * 2, [0, 0], [0, 0], [_COARSER] * 2, True)
    kernel = (2 / _SHARPNESS * TABLE)[:, :, None, None].astype(np.float32)
    bias = (-(TABLE**2).sum(axis=1) / _SHARPNESS)[None, :, None, None].astype(np.float32)
    near = ops.add(ops.convolution(coarse, ops.constant(kernel), [1, 1], [0, 0], [0, 0], [1, 1]), ops.constant(bias))
    shares = ops.reduce_mean(ops.softmax(near, 1), np.array([2, 3]))
    # The commonest one counts, however little commoner it is.
    return ops.softmax(ops.multiply(shares, np.float32(25)), 1)


def _shapes(planes: Any) -> Any:
    """[N, 1280]"""
    seen = ops.divide(ops.subtract(planes, np.float32(127)), np.float32(128))
    return ops.reduce_mean(lites.features(seen, LITE, checkpoint.weights_of(LITE), openvino_layers), np.array([2, 3]))

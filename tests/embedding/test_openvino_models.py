"""Graphs that are made without Keras compute what Keras computes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lookalike.embedding import Head, Preprocessing, resolve
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs.lites import LITES
from lookalike.records import Pixels, Vectors

LITE0 = resolve("efficientnet-lite0")
SPECS = {lite.name: resolve(lite.name) for lite in LITES} | {
    "mirrored": resolve("efficientnet-lite0:flip"),
    "GeM": resolve("efficientnet-lite0:gem"),
    "pooled": resolve("efficientnet-lite0:pooled"),
    "the article's head": replace(LITE0, head=Head.ARTICLE),
    # Weights that expect blue first would be nonsense here, but the graphs must agree.
    "blue first": replace(LITE0, preprocessing=Preprocessing.CAFFE),
    "a scale for each channel": replace(LITE0, preprocessing=Preprocessing.TORCH),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_graph_of_openvino_gives_the_vectors_of_keras(name: str, keras: Any) -> None:
    from lookalike.embedding.graph import keras_models, openvino_models

    spec = SPECS[name]
    pixels = noise(spec.size)
    theirs = np.asarray(keras_models.build(spec)(pixels, training=False))
    ours = computed(openvino_models.build(spec), pixels)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    # Two images are told apart, so that equal vectors mean something.
    assert np.abs(ours[0] - ours[1]).max() > 1e-3 * np.abs(ours).max()


def noise(size: int) -> Pixels:
    """Two images, one dark and one bright, so that a swapped order of any dimension shows."""
    pixels: Pixels = np.random.RandomState(5).randint(0, 128, (2, size, size, 3)).astype(np.uint8)
    pixels[1] += 100
    pixels[:, : size // 2, :, 0] //= 3
    pixels[:, :, : size // 3, 2] //= 2
    return pixels


def computed(graph: Any, pixels: Pixels) -> Vectors:
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled(pixels)[0])

"""`:int8`: vectors stay close to those of float32, the same on every CPU; what cannot be rounded is refused."""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.embedding import Embedder, Head, ModelSpec, build_artifact, load, resolve
from lookalike.embedding.int8.layers import Array, quantizable
from lookalike.embedding.int8.pictures import drawn
from lookalike.embedding.int8.quantization import quantize
from lookalike.embedding.runtimes import batching, choices
from lookalike.embedding.runtimes.graphs import chosen_way, kept_choices
from lookalike.embedding.runtimes.openvino import OpenVINOEmbedder
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import Vectors
from tests.embedding.test_names import keep

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino.

SIZE = 64


def _cosines(one: Vectors, other: Vectors) -> Vectors:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / lengths, np.float32)


@pytest.fixture(scope="module")
def small(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model with each kind of layer that is rounded, the depthwise one among them, for images of 64 x 64."""
    layers = keras.layers
    keras.utils.set_random_seed(3)
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(16, 3, strides=2, activation="relu")(inputs)
    x = layers.DepthwiseConv2D(3, activation="relu6", padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = x + layers.Conv2D(16, 1)(x)
    x = layers.Conv2D(32, 3, groups=2, activation="gelu")(x)
    return _saved(keras.Model(inputs, layers.Dense(24)(x)), tmp_path_factory.mktemp("models") / "small.keras")


def _saved(model: Any, path: Path) -> str:
    with warnings.catch_warnings():
        # Keras 3.15 copies variables in a way that NumPy 2.4 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        model.save(path)
    return str(path)


def test_int8_is_an_option_of_names_and_files_among_others(small: str) -> None:
    spec = resolve("efficientnet-lite0:INT8+flip")
    assert (spec.name, spec.flip, spec.int8, spec.is_quantized) == ("efficientnet-lite0:flip+int8", True, True, True)
    assert (spec.dimension, resolve(spec.name)) == (256, spec)
    assert resolve(f"{small}:pooled+int8", preprocessing="tf").name == "small:pooled+int8"


def test_the_fingerprint_names_the_recipe_and_never_changes() -> None:
    assert resolve("efficientnet-lite0:int8").fingerprint == "a03ea4223897f539"
    assert resolve("efficientnet-lite0:int8+flip").fingerprint != resolve("efficientnet-lite0:flip").fingerprint


def test_the_spec_of_a_float_model_has_no_field_that_older_workers_refuse() -> None:
    assert "int8" not in json.loads(resolve("resnet50").to_json())
    spec = resolve("resnet50:int8")
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_lite0_in_8_bits_is_close_to_float32(embed: Embedder, home: Path) -> None:
    """Least for dusk and a starry sky: their small activations have few of the 256 steps. Photographs give .998."""
    pixels = drawn(224, 1, 7)
    quick = load(resolve("efficientnet-lite0:int8"), home=home, precision="f32")
    cosines = _cosines(quick(pixels), embed(pixels))
    assert np.median(cosines) > 0.99 and cosines.min() > 0.98
    assert not np.array_equal(quick(pixels), embed(pixels))


def test_a_file_in_8_bits_with_other_options_is_close_to_tensorflow(small: str, home: Path) -> None:
    spec, plain = (resolve(f"{small}:flip+gem+pooled{more}", preprocessing="tf") for more in ("+int8", ""))
    one, two = (load(spec, home=home, precision="f32", threads=threads) for threads in (1, 2))
    exact = load(plain, home=home, runtime="tensorflow", precision="f32")
    images = drawn(SIZE, 1, 7)
    assert _cosines(one(images), exact(images)).min() > 0.98
    np.testing.assert_array_equal(np.concatenate([one(image[None]) for image in images]), two(images))


@pytest.mark.parametrize("precision", ["f32", "auto"])
def test_the_way_that_is_measured_changes_no_vector(
    small: str, home: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = resolve(f"{small}:flip+gem+pooled+int8", preprocessing="tf")
    images = drawn(SIZE, 1, 7)[: 3 * choices.SIZE + 1]
    exact = load(spec, home=home, precision="f32")(images)
    monkeypatch.setattr(batching, "AFTER", 1)
    embed = partial(load, spec, home=home, precision=precision)
    measuring = embed(for_chunks=True)
    assert isinstance(measuring, OpenVINOEmbedder)
    vectors = [measuring(images) for _ in range(3)]
    graph = build_artifact(spec, home).graph
    chosen = chosen_way(graph, precision)
    assert chosen == choices.Way(measuring.precision, measuring.batch_size)
    for images_per_call in (1, choices.SIZE):
        kept_choices(graph, precision).keep(choices.Way(chosen.precision, images_per_call))
        vectors.append(embed(for_chunks=True)(images))
    search = embed(threads=2)
    assert search.precision == chosen.precision
    for found in (*vectors, search(images)):
        if chosen.precision == "f32":
            np.testing.assert_allclose(found, exact, atol=1e-6)
        else:
            assert _cosines(found, exact).min() > 0.998


def _graph(*layers: Array, factors: Sequence[float] = (1,), offset: float = 0) -> Any:
    """Convolutions with these weights, ReLUs between them, and an average; the first result is scaled and moved."""
    pixels = ops.parameter([-1, SIZE, SIZE, 3], np.uint8)
    x = ops.transpose(ops.convert(pixels, "f32"), ops.constant([0, 3, 1, 2]))
    x = ops.subtract(ops.multiply(x, ops.constant(np.float32(1 / 127.5))), ops.constant(np.float32(1)))
    for weights in layers:
        x = ops.convolution(x, ops.constant(weights), [1, 1], [0, 0], [0, 0], [1, 1])
        if weights is layers[0]:
            x = ops.relu(ops.add(ops.multiply(x, _per_channel(factors)), ops.constant(np.float32(offset))))
    return openvino.Model([ops.reduce_mean(x, ops.constant([2, 3]), False)], [pixels], "graph")


def _per_channel(numbers: Sequence[float]) -> Any:
    return ops.constant(np.array(numbers, np.float32).reshape(1, -1, 1, 1))


def _weights(outputs: int, inputs: int) -> Array:
    return np.random.RandomState(outputs).standard_normal((outputs, inputs, 3, 3)).astype(np.float32)


def test_every_build_makes_the_same_graph_of_8_bit_weights(tmp_path: Path) -> None:
    for name in ("one", "other"):
        model = _graph(_weights(32, 3), _weights(48, 32))
        quantize(model, name, SIZE)
        openvino.serialize(model, tmp_path / f"{name}.xml")
    one, other = (tmp_path / f"{name}.bin" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_size < 2 * 9 * (32 * 3 + 48 * 32)


def test_what_a_model_computes_of_pooled_features_stays_in_float32() -> None:
    """Squeeze-and-excitation, which weighs channels, and heads."""
    pixels = ops.parameter([-1, SIZE, SIZE, 3], np.uint8)
    x = ops.transpose(ops.convert(pixels, "f32"), ops.constant([0, 3, 1, 2]))
    x = ops.convolution(x, ops.constant(_weights(8, 3)), [1, 1], [0, 0], [0, 0], [1, 1])
    weighing = ops.constant(_weights(8, 8)[:, :, :1, :1])
    weighed = ops.convolution(ops.reduce_mean(x, ops.constant([2, 3]), True), weighing, [1, 1], [0, 0], [0, 0], [1, 1])
    x = ops.transpose(ops.multiply(x, weighed), ops.constant([0, 2, 3, 1]))
    x = ops.matmul(x, ops.constant(_weights(8, 5)[:, :, 0, 0]), False, False)
    pooled = ops.reduce_mean(x, ops.constant([1, 2]), False)
    head = ops.matmul(pooled, ops.constant(np.eye(5, dtype=np.float32)), False, False)
    found = quantizable(openvino.Model([head], [pixels], "graph"))
    assert [layer.weights.shape for layer in found] == [(8, 3, 3, 3), (8, 5)]


#: Rounds a graph whose weights and activations are as large as they can be, and prints what it computes.
LARGEST = """
import json, sys
import numpy as np
from lookalike.embedding.int8.rewriting import rewrite
from lookalike.embedding.runtimes.quiet_openvino import openvino
import openvino.opset13 as ops

random = np.random.RandomState(0)
pixels = ops.parameter([-1, 16, 16, 3], np.uint8)
x = ops.transpose(ops.convert(pixels, "f32"), ops.constant([0, 3, 1, 2]))
for inputs, outputs in ((3, 64), (64, 64), (64, 32)):
    weights = np.abs(random.standard_normal((outputs, inputs, 3, 3))).clip(1, 1.1).astype(np.float32) / inputs
    x = ops.relu(ops.convolution(x, ops.constant(weights), [1, 1], [1, 1], [1, 1], [1, 1]))
model = openvino.Model([ops.reduce_mean(x, ops.constant([2, 3]), False)], [pixels], "largest")
white = np.full((4, 16, 16, 3), 255, np.uint8)
white[1:] = random.randint(200, 256, (3, 16, 16, 3))
rewrite(model, white)
vectors = []
for batch in (1, 4):
    model.reshape([batch, 16, 16, 3])
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    vectors.append(np.concatenate([compiled(white[at : at + batch])[0] for at in range(0, 4, batch)]).tolist())
print(json.dumps(vectors))
"""


@pytest.fixture(scope="module")
def largest() -> Vectors:
    return _largest({})


def _largest(variables: dict[str, str]) -> Vectors:
    command = [sys.executable, "-c", LARGEST]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables, timeout=120)
    assert done.returncode == 0, done.stderr
    return np.asarray(json.loads(done.stdout), np.float32)


def test_a_batch_gives_the_vectors_of_single_images(largest: Vectors) -> None:
    np.testing.assert_allclose(largest[0], largest[1], rtol=1e-5)


@pytest.mark.parametrize("isa", ["SSE41", "AVX2", "AVX512_CORE"])
def test_cpus_without_vnni_compute_the_same(isa: str, largest: Vectors) -> None:
    """They add two products in 16 bits, which the largest weights and activations must not exceed."""
    np.testing.assert_allclose(_largest({"ONEDNN_MAX_CPU_ISA": isa}), largest, rtol=2e-3)


def test_a_model_that_cannot_be_calibrated_is_refused_with_a_sentence() -> None:
    dark = _graph(_weights(8, 3), _weights(8, 8), offset=-1e6)
    # The ranges are those of a channel that is a million times as large as the others, and that nothing reads.
    unread = np.where(np.arange(8)[:, None, None] == 0, 0, _weights(8, 8)).astype(np.float32)
    wide = _graph(_weights(8, 3), unread, factors=[1e6, *[1.0] * 7])
    for model, said in (
        (_graph(), "neither convolutions nor products for each place"),
        (dark, "cannot compute in 8-bit integers: a layer gets nothing but zeros"),
        (wide, "loses too much in 8-bit integers: the cosine to its float32 vectors is"),
    ):
        with pytest.raises(ModelUnavailable, match=f"^mine.*{said}"):
            quantize(model, "mine", SIZE)


def test_tensorflow_refuses_an_int8_model(small: str, home: Path) -> None:
    with pytest.raises(ModelUnavailable, match="small:int8 is a quantized model, which OpenVINO runs on the CPU"):
        load(resolve(f"{small}:int8", preprocessing="tf"), home=home, runtime="tensorflow")


def test_a_quantized_or_fitted_model_takes_no_int8(tmp_path: Path) -> None:
    keep(tmp_path, resolve("efficientnet-lite0:int8"))
    assert resolve("mine", home=tmp_path).int8 and resolve("mine", home=tmp_path).head is Head.LDA
    with pytest.raises(BadSetting, match="takes no other"):
        resolve("mine:int8", home=tmp_path)

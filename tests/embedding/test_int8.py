"""`:int8`: vectors stay close to those of float32, the same on every CPU; what cannot be rounded is refused."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.embedding import Embedder, Head, ModelSpec, build_artifact, load, resolve
from lookalike.embedding.artifacts import cache
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import Pixels, Vectors
from lookalike.samples import samples

SIZE = 64


def _cosines(one: Vectors, other: Vectors) -> Vectors:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / lengths, np.float32)


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    """One image of each class of the demo: uint8 [16, 224, 224, 3]."""
    return np.stack([np.asarray(sample.drawn().resize((224, 224))) for sample in samples(per_class=1, seed=7)])


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


def test_lite0_in_8_bits_is_close_to_float32(embed: Embedder, pixels: Pixels, home: Path) -> None:
    quick = load(resolve("efficientnet-lite0:int8"), home=home, precision="f32")
    cosines = _cosines(quick(pixels), embed(pixels))
    assert np.median(cosines) > 0.98 and cosines.min() > 0.95
    assert not np.array_equal(quick(pixels), embed(pixels))


@pytest.mark.parametrize("options", ["int8", "flip+gem+pooled+int8"])
def test_a_file_in_8_bits_is_close_to_float32(options: str, small: str, home: Path) -> None:
    spec = resolve(f"{small}:{options}", preprocessing="tf")
    exact = load(
        resolve(f"{small}:{options.removesuffix('int8').rstrip('+')}".rstrip(":"), preprocessing="tf"), home=home
    )
    quick = load(spec, home=home, precision="f32", threads=2)
    images = np.stack([np.asarray(sample.drawn().resize((SIZE, SIZE))) for sample in samples(per_class=1, seed=7)])
    assert _cosines(quick(images), exact(images)).min() > 0.98
    np.testing.assert_array_equal(quick(images), load(spec, home=home, precision="f32")(images))


def test_every_build_makes_the_same_graph(small: str, home: Path, tmp_path: Path) -> None:
    spec = resolve(f"{small}:int8", preprocessing="tf")
    one, other = (build_artifact(spec, folder).graph.with_suffix(".bin") for folder in (home, tmp_path))
    assert one.read_bytes() == other.read_bytes()
    assert (
        one.stat().st_size
        < build_artifact(resolve(small, preprocessing="tf"), home).graph.with_suffix(".bin").stat().st_size
    )


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


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("plain", "has nothing to compute in 8-bit integers"),
        ("dark", "cannot compute in 8-bit integers: a layer gets nothing but zeros"),
        ("wide", "loses too much in 8-bit integers: the cosine to its float32 vectors is"),
    ],
)
def test_a_model_that_cannot_be_calibrated_is_refused_and_leaves_nothing(
    how: str, said: str, keras: Any, tmp_path: Path
) -> None:
    spec = resolve(f"{_saved(_unsuitable(keras, how), tmp_path / f'{how}.keras')}:int8", preprocessing="tf")
    with pytest.raises(ModelUnavailable, match=said):
        load(spec, home=tmp_path)
    assert not cache.is_built(spec, tmp_path)


def _unsuitable(keras: Any, how: str) -> Any:
    layers = keras.layers
    inputs = keras.Input((SIZE, SIZE, 3))
    if how == "plain":
        return keras.Model(inputs, layers.Dense(8)(layers.GlobalAveragePooling2D()(inputs)))
    x = layers.Conv2D(8, 3, strides=4)(inputs)
    if how == "dark":
        x = layers.Conv2D(8, 1)(keras.ops.relu(-1.0 - keras.ops.abs(x)))
    if how == "wide":
        # One channel is a million times as large as the others, and does not count.
        factors = np.array([1e6] + [1.0] * 7, np.float32)
        second = layers.Conv2D(8, 1)
        x = second(keras.ops.relu(x * factors))
        kernel = np.eye(8, dtype=np.float32)[None, None]
        kernel[..., 0, 0] = 0
        second.set_weights([kernel, np.zeros(8, np.float32)])
    return keras.Model(inputs, x)


def test_tensorflow_refuses_an_int8_model(small: str, home: Path) -> None:
    with pytest.raises(ModelUnavailable, match="small:int8 is a quantized model, which OpenVINO runs on the CPU"):
        load(resolve(f"{small}:int8", preprocessing="tf"), home=home, runtime="tensorflow")


def test_a_quantized_or_fitted_model_takes_no_int8(tmp_path: Path) -> None:
    from tests.embedding.test_names import keep

    keep(tmp_path, resolve("efficientnet-lite0:int8"))
    assert resolve("mine", home=tmp_path).int8 and resolve("mine", home=tmp_path).head is Head.LDA
    with pytest.raises(BadSetting, match="takes no other"):
        resolve("mine:int8", home=tmp_path)

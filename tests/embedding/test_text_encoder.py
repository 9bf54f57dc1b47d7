"""Texts as vectors: of encoders in every form, built once, and of none that does not fit."""

import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from lookalike.embedding import ModelSpec, TextEncoder, load_text, resolve
from lookalike.embedding.children.text_conversion import main
from lookalike.embedding.text import artifact
from lookalike.embedding.text.files import TextFiles, side_of
from lookalike.errors import BadQuery, ModelUnavailable
from tests.embedding.onnx_files import move_weights, save
from tests.embedding.text_encoders import (
    DIMENSION,
    IDENTITY,
    RED_APPLE,
    TABLE,
    encoder,
    expected,
    masked_encoder,
    mean_encoder,
    saved,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TextFiles:
    return saved(masked_encoder(), tmp_path_factory.mktemp("masked"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def spec_of(files: TextFiles) -> ModelSpec:
    return resolve("efficientnet-lite0", text=files)


@pytest.fixture(scope="module")
def encode(files: TextFiles, home: Path) -> TextEncoder:
    return load_text(spec_of(files), IDENTITY, home=home, threads=2)


def test_a_text_has_the_vector_that_its_encoder_computes(encode: TextEncoder) -> None:
    vectors = encode(["red apple", "apple"])
    assert vectors.shape == (2, DIMENSION) and vectors.dtype == np.float32 and encode.identity == IDENTITY
    np.testing.assert_allclose(vectors, [expected(*RED_APPLE), expected(4, 1, 5)], rtol=1e-5)


def test_padding_does_not_count(files: TextFiles, tmp_path: Path) -> None:
    padded = encoder(replace(files, length=9, is_padded=True), tmp_path / "built")
    np.testing.assert_allclose(padded(["red apple"]), [expected(*RED_APPLE)], rtol=1e-5)


def test_threads_may_share_an_encoder(encode: TextEncoder) -> None:
    texts = ["red apple", "apple"] * 50
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(encode, ([text] for text in texts)))
    np.testing.assert_array_equal(np.concatenate(found), encode(texts))


def test_a_text_without_direction_is_refused(tmp_path: Path) -> None:
    table = TABLE.copy()
    table[[4, 5]], table[0] = -1.0, 2.0
    encode = encoder(saved(mean_encoder(table=table), tmp_path), tmp_path / "built")
    with pytest.raises(BadQuery, match="makes no vector of 'red'"):
        encode(["red"])


def test_a_text_side_is_built_once_and_does_not_need_its_files_afterwards(tmp_path: Path) -> None:
    files = saved(mean_encoder(), tmp_path)
    spec, home = spec_of(files), tmp_path / "home"
    load_text(spec, IDENTITY, home=home)
    assert [path.name for path in (home / "texts").iterdir()] == [spec.text.digest if spec.text else ""]
    for path in tmp_path.glob("text.*"):
        path.unlink()
    np.testing.assert_allclose(load_text(spec, IDENTITY, home=home)(["apple"]), [expected(4, 1, 5)], rtol=1e-5)


def test_a_damaged_text_side_is_built_again(
    files: TextFiles, encode: TextEncoder, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    side = spec_of(files).text
    assert side is not None
    built = artifact.build(side, home)
    built.tokenizer.write_text("{}")
    with caplog.at_level(logging.WARNING):
        again = load_text(spec_of(files), IDENTITY, home=home)
    assert "is damaged" in caplog.text
    np.testing.assert_array_equal(again(["red"]), encode(["red"]))


def test_a_side_that_gives_other_numbers_than_the_images_is_refused(files: TextFiles, home: Path) -> None:
    with pytest.raises(ModelUnavailable, match=f"gives {DIMENSION} numbers, and the image side of .* 1280"):
        load_text(spec_of(files), replace(IDENTITY, dimension=1280), home=home)


def test_a_model_without_a_text_side_says_so(home: Path) -> None:
    with pytest.raises(BadQuery, match="efficientnet-lite0 has no text side"):
        load_text(resolve("efficientnet-lite0"), IDENTITY, home=home)


def test_what_is_wrong_with_a_file_is_said_by_the_process_that_reads_it(files: TextFiles, tmp_path: Path) -> None:
    broken = tmp_path / "tokenizer.json"
    broken.write_text("{}")
    with pytest.raises(ModelUnavailable, match=r"tokenizer .*tokenizer\.json cannot be used"):
        load_text(spec_of(replace(files, tokenizer=broken)), IDENTITY, home=tmp_path)
    assert [path.name for path in (tmp_path / "texts").iterdir()] == []


def onnx_encoder(path: Path) -> Path:
    """With the outputs that exports of CLIP have."""
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"]),
        helper.make_node("ReduceMean", ["last_hidden_state"], ["text_embeds"], axes=[1], keepdims=0),
    ]
    entry = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    shapes = {"last_hidden_state": ["batch", "tokens", DIMENSION], "text_embeds": ["batch", DIMENSION]}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    return save(path, nodes, [entry], outputs, {"table": TABLE})


def test_an_onnx_file_gives_the_same_vectors_with_its_weights_in_it_or_beside_it(
    files: TextFiles, tmp_path: Path
) -> None:
    path = onnx_encoder(tmp_path / "text.onnx")
    inside = side_of(replace(files, model=path))
    move_weights(path, "text.onnx_data")
    encode = encoder(replace(files, model=path), tmp_path / "built")
    np.testing.assert_allclose(encode(["red apple"]), [expected(*RED_APPLE)], rtol=1e-5)
    with pytest.raises(ModelUnavailable, match="changed while it was being read"):
        main(tmp_path, inside)


@pytest.mark.parametrize("place", ["../weights", "/etc/hostname"])
def test_weights_outside_the_folder_are_refused(place: str, files: TextFiles, tmp_path: Path) -> None:
    path = onnx_encoder(tmp_path / "text.onnx")
    move_weights(path, place)
    with pytest.raises(ModelUnavailable, match=r"text\.onnx"):
        side_of(replace(files, model=path))


def test_a_loaded_text_side_imports_neither_keras_nor_telemetry(files: TextFiles, home: Path) -> None:
    code = (
        "import json, sys; from pathlib import Path; from lookalike.embedding import ModelSpec, load_text\n"
        "from lookalike.records import Metric, ModelIdentity\n"
        f"identity = ModelIdentity('some', '', {DIMENSION}, Metric.COSINE)\n"
        "load_text(ModelSpec.from_json(sys.argv[1]), identity, home=Path(sys.argv[2]))(['red'])\n"
        "print(json.dumps([name for name in ('keras', 'tensorflow', 'jax', 'openvino_telemetry', 'huggingface_hub')"
        " if sys.modules.get(name)]))"
    )
    command = [sys.executable, "-c", code, spec_of(files).to_json(), str(home)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert json.loads(done.stdout) == []

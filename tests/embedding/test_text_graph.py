"""Graphs of text encoders: what is understood, and what is refused with a sentence."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.embedding.children.text_conversion import main
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.text.files import TextFiles, side_of
from lookalike.embedding.text.graph import Role, made_of
from lookalike.errors import ModelUnavailable
from tests.embedding.test_text_tokens import SIDE
from tests.embedding.text_encoders import (
    DIMENSION,
    TABLE,
    looked_up,
    masked_encoder,
    mean_encoder,
    parameter,
    result,
    saved,
)

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino.


def test_inputs_are_known_by_their_names_in_any_order() -> None:
    graph = made_of(masked_encoder(), SIDE, None)
    assert graph.roles == (Role.MASK, Role.IDS, Role.TYPES)
    assert (graph.dimension, graph.length, graph.rows) == (DIMENSION, None, len(TABLE))


@pytest.mark.parametrize(("fixed", "filled", "length"), [(-1, None, None), (-1, 9, 9), (7, None, 7), (7, 9, 7)])
def test_a_graph_for_one_number_of_tokens_takes_that_one(fixed: int, filled: int | None, length: int | None) -> None:
    assert made_of(mean_encoder(fixed), SIDE, filled).length == length


def test_numbers_of_32_bits_are_taken() -> None:
    assert made_of(mean_encoder(kind=np.int32), SIDE, None).rows == len(TABLE)


def two(*names: str) -> Any:
    """An encoder with these outputs."""
    ids = parameter("input_ids")
    found = [
        result(ops.add(ops.reduce_mean(looked_up(ids), np.array([1])), np.float32(n)), m) for n, m in enumerate(names)
    ]
    return openvino.Model(found, [ids], "two")


def test_an_output_is_chosen_by_its_known_name_or_by_the_one_that_is_given() -> None:
    for model, side in ((two("other", "text_embeds"), SIDE), (two("a", "b"), replace(SIDE, output="b"))):
        vector = openvino.Core().compile_model(made_of(model, side, None).model, "CPU")(np.array([[3]]))[0]
        np.testing.assert_allclose(vector[0], TABLE[3] + 1, rtol=1e-6)


def of_images() -> Any:
    pixels = parameter("pixel_values", (-1, 3, 8, 8), np.float32)
    return openvino.Model([ops.result(ops.reduce_mean(pixels, np.array([2, 3])))], [pixels], "images")


def of_floats() -> Any:
    numbers = parameter("numbers", kind=np.float32)
    return openvino.Model([ops.result(numbers)], [numbers], "floats")


def of_two_texts() -> Any:
    first, second = parameter("first"), parameter("second")
    return openvino.Model([ops.result(ops.add(first, second))], [first, second], "texts")


def of_tokens() -> Any:
    ids = parameter("input_ids")
    return openvino.Model([result(looked_up(ids), "text_embeds")], [ids], "tokens")


def of_many_texts() -> Any:
    ids = parameter("input_ids", (4, -1))
    return openvino.Model([ops.result(ops.reshape(looked_up(ids), np.array([4, -1, DIMENSION]), False))], [ids], "many")


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "images": (of_images, r"takes f32 \[\?,3,8,8\], not whole numbers"),
    "floats": (of_floats, "takes f32"),
    "two texts": (of_two_texts, "inputs are 'first, second'"),
    "a vector for each token": (of_tokens, "not one vector per text"),
    "several vectors": (lambda: two("a", "b"), "outputs 'a, b', of which none is known to be the vector"),
    "no vector": (of_many_texts, "of which none is known"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_text_encoder_is_refused_with_a_sentence(name: str) -> None:
    make, said = REFUSED[name]
    with pytest.raises(ModelUnavailable, match=said):
        made_of(make(), SIDE, None)


def test_an_output_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ModelUnavailable, match="no output 'c', but 'a, b'"):
        made_of(two("a", "b"), replace(SIDE, output="c"), None)


def compiled(files: TextFiles, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    return main(folder, side_of(files))


def test_a_tokenizer_with_more_tokens_than_the_encoder_knows_does_not_fit(tmp_path: Path) -> None:
    ids = parameter("input_ids")
    few = openvino.Model([ops.result(ops.reduce_mean(looked_up(ids, TABLE[:4]), np.array([1])))], [ids], "few")
    with pytest.raises(ModelUnavailable, match=r"has 6 tokens, but the text encoder .*text\.xml knows 4"):
        compiled(saved(few, tmp_path), tmp_path / "built")


def test_a_text_is_not_filled_up_with_a_token_that_nobody_named(tmp_path: Path) -> None:
    files = saved(mean_encoder(9), tmp_path)
    with pytest.raises(ModelUnavailable, match="takes 9 tokens, and nothing says which token fills up"):
        compiled(files, tmp_path / "built")
    assert compiled(replace(files, padding="<pad>"), tmp_path / "named")["lengths"] == [9, 9]


def test_an_encoder_whose_numbers_are_no_numbers_is_refused(tmp_path: Path) -> None:
    ids = parameter("input_ids")
    table = np.full_like(TABLE, np.nan)
    model = openvino.Model([ops.result(ops.reduce_mean(looked_up(ids, table), np.array([1])))], [ids], "nan")
    with pytest.raises(ModelUnavailable, match="no vector of finite numbers"):
        compiled(saved(model, tmp_path), tmp_path / "built")


@pytest.mark.parametrize("name", ["text.onnx", "text.xml"])
def test_a_file_that_is_no_graph_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    files = replace(saved(mean_encoder(), tmp_path), model=tmp_path / name)
    files.model.write_bytes(b"\x08no graph")
    with pytest.raises(ModelUnavailable, match=name):
        compiled(files, tmp_path / "built")


def test_an_encoder_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    side = side_of(saved(mean_encoder(), tmp_path))
    saved(masked_encoder(), tmp_path)
    with pytest.raises(ModelUnavailable, match="changed while it was being read"):
        main(tmp_path, side)

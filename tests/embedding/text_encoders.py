"""Small text encoders, made with OpenVINO's operations: the mean of the embeddings of a text's tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding.children.text_conversion import main
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.text.artifact import TextArtifact
from lookalike.embedding.text.encoder import OpenVINOTextEncoder
from lookalike.embedding.text.files import TextFiles, side_of
from lookalike.records import Metric, ModelIdentity
from tests.embedding.test_text_tokens import SPECIAL, WORDS, written

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino.

DIMENSION = 5
IDENTITY = ModelIdentity("some", "0" * 16, DIMENSION, Metric.COSINE)
#: The tokens of "red apple": <s> red apple </s>.
RED_APPLE = (4, 0, 1, 5)
#: Embeddings, of as many tokens as the tokenizer of the tests has.
TABLE = np.random.RandomState(3).standard_normal((len(WORDS) + len(SPECIAL), DIMENSION)).astype(np.float32)


def parameter(name: str, shape: Sequence[int] = (-1, -1), kind: Any = np.int64) -> Any:
    made = ops.parameter(list(shape), kind, name=name)
    made.output(0).get_tensor().set_names({name})
    return made


def result(node: Any, name: str) -> Any:
    node.output(0).get_tensor().set_names({name})
    return ops.result(node, name=name)


def looked_up(ids: Any, table: Any = TABLE) -> Any:
    """[N, T, D]"""
    return ops.gather(ops.constant(table), ids, np.int64(0))


def mean_encoder(length: int = -1, kind: Any = np.int64, table: Any = TABLE) -> Any:
    """Of all tokens, padding as well: int [N, T] to [N, D]."""
    ids = parameter("input_ids", (-1, length), kind)
    return openvino.Model([result(ops.reduce_mean(looked_up(ids, table), np.array([1])), "vector")], [ids], "mean")


def masked_encoder() -> Any:
    """Of the tokens that are no padding, with an input for types that is added; and the embeddings as they are."""
    ids, mask, types = (parameter(name) for name in ("input_ids", "attention_mask", "token_type_ids"))
    shown = ops.unsqueeze(ops.convert(mask, np.float32), np.array([2]))
    embedded = ops.add(looked_up(ids), ops.unsqueeze(ops.convert(types, np.float32), np.array([2])))
    total = ops.reduce_sum(ops.multiply(embedded, shown), np.array([1]))
    vector = ops.divide(total, ops.reduce_sum(shown, np.array([1])))
    results = [result(embedded, "last_hidden_state"), result(vector, "text_embeds")]
    return openvino.Model(results, [mask, ids, types], "masked")


def saved(model: Any, folder: Path) -> TextFiles:
    """The files of a text side with this encoder."""
    openvino.serialize(model, folder / "text.xml")
    (folder / "tokenizer.json").write_bytes(written())
    return TextFiles(folder / "text.xml", folder / "tokenizer.json")


def encoder(files: TextFiles, folder: Path) -> OpenVINOTextEncoder:
    """The encoder, built in this process, which is faster."""
    folder.mkdir()
    side = side_of(files)
    answer = main(folder, side)
    artifact = TextArtifact(folder, tuple(answer["roles"]), answer["dimension"], *answer["lengths"])
    return OpenVINOTextEncoder(side, artifact, IDENTITY, threads=1)


def expected(*tokens: int) -> Any:
    """The vector of a text with these tokens: the mean, of unit length."""
    mean = TABLE[list(tokens)].mean(axis=0)
    return mean / np.linalg.norm(mean)

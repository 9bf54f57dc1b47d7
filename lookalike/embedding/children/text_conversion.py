"""Program that makes the graph of a text encoder: reads a text side from stdin, takes a folder, prints a JSON line."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding.graph import chosen
from lookalike.embedding.imported.reading import graph_of, reason
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs import model_file
from lookalike.embedding.text.files import model_digest, tokenizer_data
from lookalike.embedding.text.graph import Role, TextGraph, made_of
from lookalike.embedding.text.side import TextSide
from lookalike.embedding.text.tokens import Lengths, TextTokenizer
from lookalike.errors import ModelUnavailable, PermanentError


def main(folder: Path, side: TextSide) -> dict[str, Any]:
    """Write model.xml, model.bin and tokenizer.json into `folder`. Raises ModelUnavailable, MissingExtra."""
    data = tokenizer_data(Path(side.tokenizer))
    tokenizer = TextTokenizer(data, side)
    wanted = tokenizer.lengths
    if model_digest(Path(side.model)) != side.model_sha256:
        raise ModelUnavailable(f"The text encoder {side.model} changed while it was being read.", "Start again.")
    graph = made_of(_read(side), side, wanted.filled)
    _check_fits(tokenizer, graph, side)
    lengths = Lengths(min(wanted.cut, graph.length or wanted.cut), graph.length)
    tokenizer.set_lengths(lengths)
    _try(graph, side)
    openvino.serialize(graph.model, folder / "model.xml")
    (folder / "tokenizer.json").write_bytes(data)
    return {
        "dimension": graph.dimension,
        "roles": list(graph.roles),
        "lengths": list(lengths),
        "versions": {"openvino": openvino.__version__},
    }


def _read(side: TextSide) -> Any:
    """The graph of the encoder. Raises ModelUnavailable."""
    path = Path(side.model)
    if model_file.is_graph(path):
        return graph_of(path)
    # It loads TensorFlow.
    from lookalike.embedding.graph.keras_texts import converted

    return converted(path)


def _check_fits(tokenizer: TextTokenizer, graph: TextGraph, side: TextSide) -> None:
    if graph.length and Role.MASK not in graph.roles and not tokenizer.knows_padding:
        raise ModelUnavailable(
            f"The text encoder {side.model} takes {graph.length} tokens, and nothing says which token fills up a "
            "shorter text.",
            "Put tokenizer_config.json beside the tokenizer, or name the pad_token in a folder's lookalike.json.",
        )
    if graph.rows is not None and tokenizer.size > graph.rows:
        raise ModelUnavailable(
            f"The tokenizer {side.tokenizer} has {tokenizer.size:,} tokens, but the text encoder {side.model} knows "
            f"{graph.rows:,}.",
            "Give the tokenizer that the encoder was trained with.",
        )


def _try(graph: TextGraph, side: TextSide) -> None:
    """Run the graph once, with the first tokens. Raises ModelUnavailable."""
    count = graph.length or 4
    values = {Role.IDS: np.zeros, Role.MASK: np.ones, Role.TYPES: np.zeros}
    try:
        compiled = openvino.Core().compile_model(graph.model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        vector = compiled([values[role]((1, count), np.int64) for role in graph.roles])[0]
    except RuntimeError as error:
        raise ModelUnavailable(
            f"The text encoder {side.model} cannot run: {reason(error)}.", "Export it again, or use another one."
        ) from error
    if vector.shape != (1, graph.dimension) or not np.isfinite(vector).all():
        raise ModelUnavailable(
            f"The text encoder {side.model} gives no vector of finite numbers.", "Export it again, or use another one."
        )


if __name__ == "__main__":
    chosen.without_extras("jax")
    try:
        answer = main(Path(sys.argv[1]), TextSide(**json.loads(sys.stdin.read())))
    except PermanentError as error:
        answer = {"refused": list(error.sentences())}
    print("\n" + json.dumps(answer), flush=True)

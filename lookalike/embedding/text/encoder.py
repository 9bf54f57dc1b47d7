"""Turns texts into vectors with OpenVINO, on the CPU: a text is short, and comes alone."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding.runtimes.graphs import core
from lookalike.embedding.text.artifact import TextArtifact
from lookalike.embedding.text.graph import Role
from lookalike.embedding.text.side import TextSide
from lookalike.embedding.text.tokens import Lengths, TextTokenizer, Tokens
from lookalike.errors import BadQuery, ModelUnavailable
from lookalike.exhaustion import machine_error
from lookalike.records import ModelIdentity, Vectors
from lookalike.shown import clause, shown


class OpenVINOTextEncoder:
    """A TextEncoder. Threads may share it: one text is embedded at a time, on all `threads`. Processes may not."""

    def __init__(self, side: TextSide, artifact: TextArtifact, identity: ModelIdentity, *, threads: int) -> None:
        """`identity` is the model whose text side this is. Raises ModelUnavailable, MissingExtra."""
        self.identity = identity
        self._roles = [Role(role) for role in artifact.roles]
        self._tokenizer = TextTokenizer(artifact.tokenizer.read_bytes(), side)
        self._tokenizer.set_lengths(Lengths(artifact.cut, artifact.filled))
        self._request = _request(artifact.graph, threads)
        self._running = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """float32 [N, D], of unit length. Raises BadQuery for a text of which the model knows no word."""
        return np.stack([self._embedded(text) for text in texts])

    def _embedded(self, text: str) -> Any:
        tokens = self._tokenizer(text)
        with self._running:
            # A copy, because the next run overwrites the result.
            vector = np.array(self._request.infer(self._inputs(tokens))[0][0], np.float32)
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length) or not length:
            raise BadQuery(f"The model makes no vector of {shown(text)}.", "Use other words.")
        return vector / np.float32(length)

    def _inputs(self, tokens: Tokens) -> list[Any]:
        """One array [1, T] for each input of the graph."""
        ids = np.array([tokens.ids], np.int64)
        mask = (np.arange(len(tokens.ids))[None] < tokens.length).astype(np.int64)
        values = {Role.IDS: ids, Role.MASK: mask, Role.TYPES: np.zeros_like(ids)}
        return [values[role] for role in self._roles]


def _request(graph: Path, threads: int) -> Any:
    settings = {
        # The same vector on every CPU.
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    try:
        return core().compile_model(core().read_model(graph), "CPU", settings).create_infer_request()
    except RuntimeError as error:
        raise machine_error(error) or ModelUnavailable(
            f"The compiled text encoder {graph} cannot run: {clause(error)}.",
            "Delete the file: the next use builds it.",
        ) from error

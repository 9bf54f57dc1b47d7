"""Program that runs the models of one device for several processes: it receives pixels and returns vectors.

Run as `python -m lookalike.embedding.children.model_process SOCKET PRECISION THREADS [GPU]`. It prints one JSON line:
whether it can run. It ends when its standard input closes, which its parent holds open. With GPU it uses only that GPU,
and never falls back to the CPU.
"""

import contextlib
import json
import os
import sys
import threading
from functools import lru_cache
from multiprocessing.connection import Connection, Listener
from typing import Any

import numpy as np

from lookalike.embedding.runtimes import framing
from lookalike.embedding.runtimes.tensorflow import TensorFlowEmbedder, unusable_gpu
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import PermanentError

#: Models in memory: of the running job and, during a change of models, of the job before.
CACHE_SIZE = 2
#: Concurrent calls: one computes while the pixels of the next are copied to the device.
IN_FLIGHT = 2


class Models:
    """The models of this process, each loaded with its first call. Threads may share it."""

    def __init__(self, precision: str, threads: int) -> None:
        self._loading = threading.Lock()
        self._calls = threading.Semaphore(IN_FLIGHT)
        self._precision = precision
        self._threads = threads
        self._embedders = lru_cache(maxsize=CACHE_SIZE)(self._load)

    def answer(self, header: dict[str, Any], pixels: np.ndarray[Any, Any]) -> tuple[dict[str, Any], Any]:
        """Raises PermanentError."""
        with self._loading:
            embed = self._embedders(header["spec"])
        answer = {"name": embed.identity.name, "dimension": embed.identity.dimension, "precision": embed.precision}
        with self._calls:
            return answer, embed(pixels)

    def _load(self, spec: str) -> TensorFlowEmbedder:
        return TensorFlowEmbedder(ModelSpec.from_json(spec), precision=self._precision, threads=self._threads)


def serve(listener: Listener, models: Models) -> None:
    """Serve each connection in a thread; never returns."""
    while True:
        threading.Thread(target=_serve_connection, args=(listener.accept(), models), daemon=True).start()


def _serve_connection(connection: "Connection[Any, Any]", models: Models) -> None:
    with contextlib.suppress(EOFError, OSError), connection:
        while True:
            header, pixels = framing.receive(connection)
            try:
                answer, vectors = models.answer(header, pixels)
            except PermanentError as error:
                answer, vectors = {"refused": [error.what, error.advice]}, np.empty(0, np.float32)
            framing.send(connection, answer, vectors)


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


def main(address: str, precision: str, threads: int, gpu: str | None = None) -> int:
    threading.Thread(target=_end_with_input, daemon=True).start()
    why = unusable_gpu() if gpu is not None else None
    print(json.dumps({"unusable": why}), flush=True)
    if why is not None:
        return 1
    # Nobody reads the pipe from here on, so libraries must not fill it.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(Listener(address, "AF_UNIX"), Models(precision, threads))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))

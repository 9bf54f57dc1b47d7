"""An embedder whose model lies in another process, shared with the neighbours; it knows no runtime."""

from contextlib import suppress
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding.runtimes import framing
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelProcessUnavailable, ModelUnavailable
from lookalike.records import ModelIdentity, Pixels, Vectors
from lookalike.retry import retry_while

#: One that ended is started again within seconds, but has TensorFlow to load.
PATIENCE_S = 60.0


class SharedEmbedder:
    """An Embedder that asks the model process at `address`. Not safe to share between threads, or across a fork.

    Raises ModelUnavailable where the process cannot load the model, and ModelProcessUnavailable where it stays away.
    """

    def __init__(self, address: Path, spec: ModelSpec) -> None:
        self._address = address
        self._spec = spec.to_json()
        self._connection: Connection[Any, Any] | None = None
        self.size = spec.size
        told, _ = self._asked(np.zeros((0, spec.size, spec.size, 3), np.uint8))
        self.precision = told["precision"]
        self.identity = ModelIdentity(spec.name, spec.fingerprint, int(told["dimension"]), spec.metric)

    def __call__(self, pixels: Pixels) -> Vectors:
        return np.asarray(self._asked(pixels)[1], np.float32)

    def _asked(self, pixels: Pixels) -> tuple[dict[str, Any], Vectors]:
        told, vectors = retry_while(lambda: self._ask(pixels), ModelProcessUnavailable, PATIENCE_S)
        if "refused" in told:
            raise ModelUnavailable(*told["refused"])
        return told, vectors

    def _ask(self, pixels: Pixels) -> tuple[dict[str, Any], Vectors]:
        try:
            if self._connection is None:
                self._connection = Client(str(self._address), "AF_UNIX")
            framing.send(self._connection, {"spec": self._spec}, pixels)
            return framing.receive(self._connection)
        except (EOFError, OSError) as error:
            self._forget()
            raise ModelProcessUnavailable(str(self._address), str(error) or "it has ended") from error

    def _forget(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None

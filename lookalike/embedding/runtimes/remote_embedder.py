"""An embedder whose model runs in another process, which several processes share."""

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

#: A model process is restarted within seconds, but then loads TensorFlow.
RETRY_S = 60.0


class RemoteEmbedder:
    """An Embedder that asks the model process at `address`. Not safe to share between threads, or across a fork.

    Raises ModelUnavailable if the process cannot load the model, and ModelProcessUnavailable if it does not come back.
    """

    def __init__(self, address: Path, spec: ModelSpec) -> None:
        self._address = address
        self._spec = spec.to_json()
        self._connection: Connection[Any, Any] | None = None
        self.size = spec.size
        header, _ = self._call(np.zeros((0, spec.size, spec.size, 3), np.uint8))
        self.precision = header["precision"]
        self.identity = ModelIdentity(spec.name, spec.fingerprint, int(header["dimension"]), spec.metric)

    def __call__(self, pixels: Pixels) -> Vectors:
        return np.asarray(self._call(pixels)[1], np.float32)

    def _call(self, pixels: Pixels) -> tuple[dict[str, Any], Vectors]:
        header, vectors = retry_while(lambda: self._request(pixels), ModelProcessUnavailable, RETRY_S)
        if "refused" in header:
            raise ModelUnavailable(*header["refused"])
        return header, vectors

    def _request(self, pixels: Pixels) -> tuple[dict[str, Any], Vectors]:
        try:
            if self._connection is None:
                self._connection = Client(str(self._address), "AF_UNIX")
            framing.send(self._connection, {"spec": self._spec}, pixels)
            return framing.receive(self._connection)
        except (EOFError, OSError) as error:
            self._disconnect()
            raise ModelProcessUnavailable(str(self._address), str(error) or "the process has ended") from error

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None

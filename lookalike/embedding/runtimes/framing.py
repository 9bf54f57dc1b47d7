"""Pixels and vectors between processes: JSON before raw bytes, so that nothing of what comes is executed."""

import json
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: No message is longer: a chunk of 1,024 images of 224 pixels is 154 MB.
MOST_BYTES = 2**30


def send(connection: "Connection[Any, Any]", header: dict[str, Any], array: NDArray[Any]) -> None:
    """Raises OSError where the other side is gone."""
    connection.send_bytes(json.dumps({**header, "shape": array.shape, "dtype": str(array.dtype)}).encode())
    connection.send_bytes(np.ascontiguousarray(array).data.cast("B") if array.size else b"")


def receive(connection: "Connection[Any, Any]") -> tuple[dict[str, Any], NDArray[Any]]:
    """What `send` sent. Raises OSError or EOFError where the other side is gone."""
    header: dict[str, Any] = json.loads(connection.recv_bytes(MOST_BYTES))
    array = np.frombuffer(connection.recv_bytes(MOST_BYTES), header["dtype"]).reshape(header["shape"])
    return header, array

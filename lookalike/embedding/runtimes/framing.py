"""Sends arrays between processes as a JSON header and raw bytes; receiving executes nothing, unlike pickle."""

import json
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A chunk of 1,024 images of 224 pixels has 154 MB.
MAX_BYTES = 2**30


def send(connection: "Connection[Any, Any]", header: dict[str, Any], array: NDArray[Any]) -> None:
    """Raises OSError if the other side has closed."""
    connection.send_bytes(json.dumps({**header, "shape": array.shape, "dtype": str(array.dtype)}).encode())
    connection.send_bytes(np.ascontiguousarray(array).data.cast("B") if array.size else b"")


def receive(connection: "Connection[Any, Any]") -> tuple[dict[str, Any], NDArray[Any]]:
    """Receive what `send` sent. Raises OSError or EOFError if the other side has closed."""
    header: dict[str, Any] = json.loads(connection.recv_bytes(MAX_BYTES))
    array = np.frombuffer(connection.recv_bytes(MAX_BYTES), header["dtype"]).reshape(header["shape"])
    return header, array

"""Sends arrays between processes as a JSON header and raw bytes; receiving executes nothing, unlike pickle.

The length of the header in 4 bytes, the header, and the bytes of the array, whose shape and type are in the header.
"""

import json
import math
import socket
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A chunk of 1,024 images of 224 pixels has 154 MB.
MAX_BYTES = 2**30
#: Chunks of a connection that may be sent before the first is answered.
IN_FLIGHT = 2
#: In the header of JPEGs, whose bytes are the array: for each, how many they are, and its orientation as in EXIF.
JPEGS = "jpegs"
_LENGTH = struct.Struct("!I")

Header = dict[str, Any]


def send(connection: socket.socket, header: Header, array: NDArray[Any]) -> None:
    """Raises OSError if the other side has closed."""
    text = json.dumps({**header, "shape": array.shape, "dtype": str(array.dtype)}).encode()
    connection.sendall(_LENGTH.pack(len(text)) + text)
    if array.size:
        connection.sendall(np.ascontiguousarray(array).data.cast("B"))


def receive_header(connection: socket.socket) -> Header:
    """Receive all but the array. Raises OSError or EOFError if the other side has closed."""
    length = bytearray(_LENGTH.size)
    receive_into(connection, memoryview(length))
    text = bytearray(min(_LENGTH.unpack(length)[0], MAX_BYTES))
    receive_into(connection, memoryview(text))
    header: Header = json.loads(text)
    if math.prod(header["shape"]) * np.dtype(header["dtype"]).itemsize > MAX_BYTES:
        raise OSError(f"an array of the shape {header['shape']} is too large")
    return header


def receive_array(connection: socket.socket, header: Header) -> NDArray[Any]:
    """The array that belongs to the header. Raises as `receive_header`."""
    array = np.empty(header["shape"], header["dtype"])
    if array.size:
        receive_into(connection, array.data.cast("B"))
    return array


def receive_into(connection: socket.socket, view: "memoryview[int]") -> None:
    """Fill the view. Raises OSError or EOFError if the other side has closed."""
    while view:
        received = connection.recv_into(view)
        if not received:
            raise EOFError("the other side has closed")
        view = view[received:]

"""Program that decodes images for the query service, in processes that can be ended at any moment.

Run as `python -m lookalike_api.decoder_process DESCRIPTOR`. It imports the decoders once, and then forks a child for
each socket that it receives over the Unix socket DESCRIPTOR. A child answers the requests on its socket one by one.

A child ends when its socket is closed, also in the middle of a decoder's C code (SIGIO), and when an image takes longer
than the request allows (SIGALRM). A crash, or memory that runs out, ends no more than the child.
"""

import contextlib
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np

from lookalike import images
from lookalike.errors import ImageRejected
from lookalike.malloc import give_memory_back
from lookalike.queries.region import WHOLE, Region
from lookalike.records import WHOLE as WHOLE_IMAGE
from lookalike.records import Filter, Framing

#: Kind, size in pixels, most pixels, seconds, bytes of the image, a framing, a region; a descriptor of a file with the
#: image goes along.
REQUEST = struct.Struct("!BIQdQBd?4d?")
#: Whether the image was decoded, bytes of the answer that follows: pixels, a JPEG, or a rejection as JSON.
ANSWER = struct.Struct("!?Q")
#: The first message of a child: its process id.
HELLO = struct.Struct("!I")
PIXELS, THUMBNAIL = range(2)
FILTERS = tuple(Filter)
#: The documented bound of `images.decode`, in bytes per pixel, and memory for everything else.
BYTES_PER_PIXEL, OTHER_BYTES = 13, 256 * 2**20


class Request(NamedTuple):
    kind: int
    size: int
    max_pixels: int
    limit_s: float
    length: int
    #: Its place among the filters; no crop is 0.
    filter: int = FILTERS.index(WHOLE_IMAGE.filter)
    crop: float = 0.0
    is_squeezed: bool = False
    x: float = WHOLE.x
    y: float = WHOLE.y
    width: float = WHOLE.width
    height: float = WHOLE.height
    is_percent: bool = WHOLE.is_percent

    @property
    def framing(self) -> Framing:
        return Framing(FILTERS[self.filter], self.crop or None, self.is_squeezed)

    @property
    def region(self) -> Region | None:
        """None for the whole image."""
        region = Region(self.x, self.y, self.width, self.height, self.is_percent)
        return None if region == WHOLE else region


def packed(framing: Framing, region: Region | None) -> tuple[int, float, bool, float, float, float, float, bool]:
    """The last members of a request."""
    region = region or WHOLE
    framed = FILTERS.index(framing.filter), framing.crop or 0.0, framing.is_squeezed
    return *framed, region.x, region.y, region.width, region.height, region.is_percent


def receive(connection: socket.socket, length: int) -> bytearray:
    """Exactly this many bytes. Raises EOFError if the other side has closed, TimeoutError, OSError."""
    data = bytearray(length)
    left = memoryview(data)
    while left:
        received = connection.recv_into(left)
        if not received:
            raise EOFError
        left = left[received:]
    return data


def serve(control: socket.socket) -> None:
    """Fork a child for each socket that arrives, until the service closes `control`."""
    # The kernel removes children that have ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            return
        connection, life = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        # Without a child, the service sees the end of the connection.
        with contextlib.suppress(OSError), connection, life:
            if os.fork() == 0:
                control.close()
                _run_child(connection, life)


def _run_child(connection: socket.socket, life: socket.socket) -> NoReturn:
    with contextlib.suppress(EOFError, OSError):
        _confine()
        _end_when_closed(life)
        connection.sendall(HELLO.pack(os.getpid()))
        while True:
            _answer(connection)
    os._exit(0)


def _confine() -> None:
    """A decoder writes no file, and no warnings; and if memory is short, it ends rather than the service."""
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _answer(connection: socket.socket) -> None:
    request, data = _received(connection)
    _limit_memory(request)
    signal.setitimer(signal.ITIMER_REAL, request.limit_s)
    is_decoded, answer = _decoded(request, data)
    signal.setitimer(signal.ITIMER_REAL, 0)
    connection.sendall(ANSWER.pack(is_decoded, len(answer)))
    connection.sendall(answer)


def _received(connection: socket.socket) -> tuple[Request, bytes]:
    message, descriptors, _, _ = socket.recv_fds(connection, REQUEST.size, 1)
    if not message:
        raise EOFError
    request = Request(*REQUEST.unpack(message))
    with open(descriptors[0], "rb", buffering=0) as file:
        return request, os.pread(file.fileno(), request.length, 0)


def _decoded(request: Request, data: bytes) -> tuple[bool, Any]:
    try:
        return True, _KINDS[request.kind](data, request)
    except ImageRejected as rejected:
        return False, json.dumps([rejected.reason.value, rejected.detail]).encode()


def _pixels(data: bytes, request: Request) -> Any:
    max_pixels, size, framing = request.max_pixels, request.size, request.framing
    if request.region is None:
        decoded = images.decode(data, max_pixels=max_pixels, size=size, framing=framing)
    else:
        decoded = images.decode_region(data, request.region, max_pixels=max_pixels, size=size, framing=framing)
    return np.ascontiguousarray(decoded.pixels).data.cast("B")


def _thumbnail(data: bytes, request: Request) -> bytes:
    return images.thumbnail(data, max_pixels=request.max_pixels, size=request.size)


_KINDS: dict[int, Callable[[bytes, Request], Any]] = {PIXELS: _pixels, THUMBNAIL: _thumbnail}


def _limit_memory(request: Request) -> None:
    """Let an image take what it may need by its size, and no more: a decoder then fails as for any broken image."""
    most = _address_space() + BYTES_PER_PIXEL * request.max_pixels + 2 * request.length + OTHER_BYTES
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _address_space() -> int:
    with open("/proc/self/statm") as counts:
        return int(counts.read().split()[0]) * resource.getpagesize()


def _end_when_closed(life: socket.socket) -> None:
    """Let the kernel send SIGIO, which ends this process also in the middle of an image, when the service closes the
    other end.

    Nothing is ever sent on this socket: SIGIO tells of data as well, even of a request that was already received,
    because the kernel hands over data before it sends the signal.
    """
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)


if __name__ == "__main__":
    give_memory_back()
    with socket.socket(fileno=int(sys.argv[1])) as opened:
        serve(opened)

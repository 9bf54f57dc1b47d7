"""What a host packs for the way, although it was not asked to: one layer of gzip or deflate."""

import zlib

from lookalike.errors import ImageRejected
from lookalike.records import Reason

#: gzip with its header, zlib with its own (RFC 9110, 8.4.1).
WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
#: How a member of gzip begins.
_GZIP = b"\x1f\x8b"
#: A body may have so many; bgzip makes one of each 64 KiB. One of nothing takes 20 bytes, and as long to unpack as one
#: of a few KiB.
MOST_MEMBERS = 20_000
#: Unpacked at once: between two of these, other work of the event loop goes on.
STEP_BYTES = 2**20


class Unpacking:
    """gzip may have several members, one behind the other (RFC 1952, 2.2). What is behind the last one and does not
    begin as one is ignored, as browsers do. `encoding` is a key of `WINDOW_BITS`."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._members = 0
        #: What has come of the beginning of a further member.
        self._begun = b""
        self._is_over = False
        self._begin()

    @property
    def is_complete(self) -> bool:
        return self._decoder.eof

    def step(self, piece: bytes) -> tuple[bytes, bytes]:
        """Some content, at most `STEP_BYTES`, and what is left of the piece. Raises zlib.error, ImageRejected."""
        if self._decoder.eof:
            piece = self._further(piece)
        if not piece:
            return b"", b""
        data = self._decoder.decompress(piece, STEP_BYTES)
        return data, self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail

    def _further(self, piece: bytes) -> bytes:
        """Begin a further member; returns what there is of it until now, empty if that does not show it yet, or if
        there is none."""
        begun, self._begun = self._begun + piece, b""
        if self._is_over or self._encoding == "deflate" or not begun.startswith(_GZIP[: len(begun)]):
            self._is_over = True
            return b""
        if len(begun) < len(_GZIP):
            self._begun = begun
            return b""
        self._begin()
        return begun

    def _begin(self) -> None:
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise ImageRejected(Reason.UNREADABLE, f"the host packs it as more than {MOST_MEMBERS} members of gzip")
        self._decoder = zlib.decompressobj(WINDOW_BITS[self._encoding])

"""Compressed tars: their members have no place of their own in the file, so it is unpacked in order, from its start.

Memory is bounded whatever the file says of itself: windows, dictionaries and every piece that is unpacked at once.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from lookalike import zstd
from lookalike.errors import ImageRejected
from lookalike.reading.archives.kinds import MAGIC, MAGIC_BYTES, Kind
from lookalike.reading.archives.scratch import Scratch
from lookalike.records import Reason, Span

#: Bytes that are read, and unpacked, at once.
PACKED_BYTES = 2**18
PIECE_BYTES = 2**20
#: What the decompressors of Python raise for a broken stream.
BROKEN: tuple[type[Exception], ...] = (zlib.error, OSError, EOFError, lzma.LZMAError)
#: Of all that a stream unpacks to. A process has to do it within the time limit of a chunk: bzip2 takes two minutes.
MAX_UNPACKED = 4 * 2**30
#: How many times longer than its file a stream may be: images hardly shrink, tars of tiny ones do. The first 64 MiB are
#: free.
MAX_RATIO = 100
FREE_BYTES = 64 * 2**20
#: Compressors that work in parallel write many streams into one file, but none of so few bytes as an empty one has: the
#: average of all, if there are more than so many.
LEAST_STREAM_BYTES = 256
FREE_STREAMS = 1000
#: Of a decoder: `xz -9` takes 65 MiB, `zstd --long` 128 MiB.
MAX_DECODER_BYTES = 160 * 2**20

ReadSpan = Callable[[Span], bytes]


class _Decoder(Protocol):
    """Unpacks one stream; a file may have several."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Unpacking:
    """The bytes of a compressed file in order, a piece at a time."""

    def __init__(self, kind: Kind, size: int, read: ReadSpan) -> None:
        self._kind = kind
        self._packed = _Packed(size, read)
        self._stream = _Streams(kind, self._packed)
        #: Bytes so far.
        self.unpacked = 0

    def piece(self) -> bytes:
        """At most PIECE_BYTES that follow; empty at the end, or where the file is cut off. Raises ImageRejected."""
        try:
            piece = self._stream.read(PIECE_BYTES)
        except (*BROKEN, *zstd.errors()) as error:
            if "memory" in str(error).lower():
                what = f"the {self._kind} stream needs more than {MAX_DECODER_BYTES >> 20} MiB to unpack"
                raise ImageRejected(Reason.BOMB, what) from error
            what = f"the {self._kind} stream is broken before byte {self._packed.at}"
            raise ImageRejected(Reason.CORRUPT, what) from error
        self.unpacked += len(piece)
        self._check()
        return piece

    def _check(self) -> None:
        if self.unpacked > MAX_UNPACKED:
            raise ImageRejected(
                Reason.TOO_LARGE,
                f"it unpacks to more than {MAX_UNPACKED >> 30} GiB; make tars that are not compressed, or smaller ones",
            )
        if self.unpacked > FREE_BYTES and self.unpacked > MAX_RATIO * self._packed.at:
            raise ImageRejected(Reason.BOMB, f"it unpacks to more than {MAX_RATIO} times its size")


class _Packed:
    """The compressed file from its start."""

    def __init__(self, size: int, read: ReadSpan) -> None:
        self._size = size
        self._read = read
        self.at = 0

    def read(self, most: int) -> bytes:
        length = min(most, self._size - self.at)
        data = self._read(Span(self.at, length)) if length > 0 else b""
        self.at += len(data)
        return data


class _Streams:
    """One or several streams, as parallel compressors write them, with zeros in between. What is behind them is
    ignored."""

    def __init__(self, kind: Kind, packed: _Packed) -> None:
        self._magic = MAGIC[kind]
        self._new = _DECODERS[kind]
        self._packed = packed
        self._decoder = self._new()
        self._count = 1

    def read(self, most: int) -> bytes:
        data = b""
        while True:
            if self._decoder.eof:
                data = self._next()
                if not data:
                    return b""
            elif self._decoder.needs_input and not data:
                data = self._packed.read(PACKED_BYTES)
                if not data:
                    # zlib may hold back what did not fit before.
                    return self._decoder.decompress(b"", most)
            piece, data = self._decoder.decompress(data, most), b""
            if piece:
                return piece

    def _next(self) -> bytes:
        """The start of the next stream, for a new decoder; empty if there is none."""
        data = self._decoder.unused_data.lstrip(b"\0")
        while len(data) < MAGIC_BYTES and (more := self._packed.read(PACKED_BYTES)):
            data = (data + more).lstrip(b"\0")
        if not data.startswith(self._magic):
            return b""
        self._decoder = self._new()
        self._count += 1
        if self._count > max(FREE_STREAMS, self._packed.at // LEAST_STREAM_BYTES):
            raise ImageRejected(
                Reason.BOMB, f"it consists of more than {FREE_STREAMS} streams that hold next to nothing"
            )
        return data


class _Inflate:
    """zlib's decompressor for gzip, with the interface of those of bz2 and lzma."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


_DECODERS: dict[Kind, Callable[[], _Decoder]] = {
    Kind.GZIP: _Inflate,
    Kind.BZIP2: bz2.BZ2Decompressor,
    Kind.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_DECODER_BYTES),
    Kind.ZSTANDARD: zstd.decompressor,
}


class Forward:
    """Ranges of what a compressed file holds, each behind the one before: what is passed is forgotten."""

    def __init__(self, unpacking: Unpacking) -> None:
        self._unpacking = unpacking
        self._start = 0
        self._data = b""

    def read(self, span: Span) -> bytes:
        pieces: list[bytes] = []
        at, end = span.start, span.start + span.length
        if at < self._start:
            raise ValueError("a compressed stream cannot be read backwards")
        while at < end:
            if at >= self._start + len(self._data):
                self._start += len(self._data)
                self._data = self._unpacking.piece()
                if not self._data:
                    break
                continue
            piece = self._data[at - self._start : end - self._start]
            pieces.append(piece)
            at += len(piece)
        return b"".join(pieces)


class Unpacked:
    """Ranges of what a compressed file holds, in any order: it is unpacked as far as they need into a temporary file.
    Raises ImageRejected, DiskFull."""

    def __init__(self, unpacking: Unpacking) -> None:
        self._unpacking = unpacking
        self._file = Scratch()
        self._is_whole = False

    def read(self, span: Span) -> bytes:
        while not self._is_whole and self._unpacking.unpacked < span.start + span.length:
            piece = self._unpacking.piece()
            self._is_whole = not piece
            self._file.write(piece)
        return self._file.read(span)

    def close(self) -> None:
        self._file.close()

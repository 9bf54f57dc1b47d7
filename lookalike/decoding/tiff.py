"""Reduces a TIFF to the one directory of its first full image, with bounded values (TIFF 6.0; BigTIFF).

Pillow and libtiff read every value of a directory, so that 16 MiB of strip offsets took 2.3 GB. Here a new directory is
written behind the file's bytes, and the header points to it.
"""

import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.decoding.encoded import Encoded, Parts, too_much
from lookalike.decoding.orientation import MOST_XMP_BYTES, checked, orientation_of
from lookalike.decoding.profiles import MAX_PROFILE_BYTES
from lookalike.formats import ORIENTATION

#: Directories that are looked at, in the chain and below other directories.
MAX_DIRECTORIES = 100
#: Entries of a directory; writers need about 30, and DNG has 200.
MAX_ENTRIES = 2000
#: Strips or tiles after strips that follow each other were joined; Pillow takes 400 bytes for each.
MAX_STRIPS = 50_000

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR = 273, 277, 278, 279, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
SUB_DIRECTORIES, XMP, PROFILE = 330, 700, 34675
#: Entries with a few values that a decoder needs -> the most values: colour map, tables of JPEG and CCITT, samples.
_KEPT = {
    **dict.fromkeys((WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC, 266, SAMPLES, ROWS_PER_STRIP, PLANAR, 292, 293, 317), 1),
    **dict.fromkeys((TILE_WIDTH, TILE_HEIGHT, 332, 512, 513, 514, 515, 531), 1),
    **dict.fromkeys((BITS, 338, 339, 517, 518, 519, 520, 521), 32),
    **{320: 3 * 256, 347: 2**16, 529: 3, 530: 2, 532: 6},
}
#: Type of a value (TIFF 6.0, section 2; BigTIFF) -> its code for struct and its size. Rationals are two numbers.
_TYPES = {
    **{1: ("B", 1), 2: ("B", 1), 3: ("H", 2), 4: ("I", 4), 5: ("Q", 8), 6: ("b", 1), 7: ("B", 1), 8: ("h", 2)},
    **{9: ("i", 4), 10: ("Q", 8), 11: ("f", 4), 12: ("d", 8), 13: ("I", 4), 16: ("Q", 8), 17: ("q", 8), 18: ("Q", 8)},
}
_LONG, _LONG8 = 4, 16
#: Bits of NewSubfileType: a smaller copy of another image, and a transparency mask.
_NOT_THE_IMAGE = 1 | 4

#: Strips of fewer pieces are left as they are.
_JOINED_FROM = 1000

Numbers = NDArray[np.uint64]


@dataclass(frozen=True)
class _Form:
    """Codes for struct of a directory's count, of an entry without its value, and of an offset; bytes of a value."""

    count: str
    entry: str
    offset: str
    width: int


_CLASSIC = _Form("H", "HHI", "I", 4)
_BIG = _Form("Q", "HHQ", "Q", 8)


@dataclass(frozen=True)
class Entry:
    """A value of a directory: its type, how many, and where they are."""

    type: int
    count: int
    at: int


@dataclass(frozen=True)
class File:
    """The bytes of a TIFF, with its byte order (`<` or `>`) and the width of its offsets."""

    data: bytes
    order: Literal["<", ">"]
    is_big: bool

    def number(self, at: int, size: int) -> int:
        return int.from_bytes(self.data[at : at + size], "little" if self.order == "<" else "big")

    @property
    def first(self) -> int:
        """Offset of the first directory."""
        return self.number(8, 8) if self.is_big else self.number(4, 4)


@dataclass(frozen=True)
class Directory:
    """The entries of one image, by tag, and the offset of the next directory (0 if there is none)."""

    file: File
    entries: dict[int, Entry]
    next: int

    def values(self, tag: int, most: int = 1) -> tuple[int, ...]:
        """The first values of an entry; none if it is absent or lies outside of the file."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in _TYPES:
            return ()
        code, size = _TYPES[entry.type]
        count = min(entry.count, most, max(0, len(self.file.data) - entry.at) // size)
        return struct.unpack_from(f"{self.file.order}{count}{code}", self.file.data, entry.at)

    def value(self, tag: int, default: int = 0) -> int:
        return next(iter(self.values(tag)), default)

    def numbers(self, tag: int, most: int) -> Numbers:
        """The same as `values`, for long arrays of numbers that are not negative."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in (3, _LONG, 13, _LONG8, 18):
            return np.zeros(0, np.uint64)
        size = _TYPES[entry.type][1]
        count = min(entry.count, most, max(0, len(self.file.data) - entry.at) // size)
        return np.frombuffer(self.file.data, f"{self.file.order}u{size}", count, entry.at).astype(np.uint64)

    def content(self, tag: int, most_bytes: int) -> bytes:
        """The first bytes of an entry."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in _TYPES:
            return b""
        length = entry.count * _TYPES[entry.type][1]
        return self.file.data[entry.at : entry.at + min(length, most_bytes)]

    @property
    def size(self) -> tuple[int, int]:
        return self.value(WIDTH), self.value(HEIGHT)


def opened(data: bytes) -> File:
    return File(data, "<" if data.startswith(b"II") else ">", b"+" in data[:4])


def reduced(data: bytes) -> Encoded:
    """The TIFF with its first full image only.

    Raises ImageRejected (`bomb`) for more than MAX_STRIPS strips or tiles, or for strips that overlap.
    """
    file = opened(data)
    found = directories(file)
    chosen = first_full(found)
    profile = chosen.content(PROFILE, MAX_PROFILE_BYTES + 1)
    return Encoded("TIFF", rewritten(chosen), chosen.size, orientation_in(chosen, found[0]), profile)


def orientation_in(*directories: Directory) -> int:
    """The orientation of the first of these directories that tells it, else that of its XMP."""
    told = (checked(directory.value(ORIENTATION)) for directory in directories)
    return next(filter(None, told), None) or orientation_of(None, directories[0].content(XMP, MOST_XMP_BYTES))


def first_full(found: list[Directory]) -> Directory:
    """The first one that is not marked as a smaller copy; if all are, the largest."""
    full = (directory for directory in found if not directory.value(SUBFILE) & _NOT_THE_IMAGE)
    return next(full, None) or max(found, key=lambda directory: directory.size[0] * directory.size[1])


def directories(file: File) -> list[Directory]:
    """All directories in the order of the file, each followed by those below it. The first one must be whole."""
    found: list[Directory] = []
    seen: set[int] = set()
    waiting = [file.first]
    while waiting and len(found) < MAX_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or at == 0:
            continue
        seen.add(at)
        try:
            directory = _directory(file, at)
        except struct.error:
            if not found:
                raise
            continue
        found.append(directory)
        waiting = [*directory.values(SUB_DIRECTORIES, MAX_DIRECTORIES), *waiting]
        if len(waiting) < MAX_DIRECTORIES:
            waiting.append(directory.next)
    if not found:
        raise ValueError("truncated: the file has no directory")
    return found


def _directory(file: File, at: int) -> Directory:
    """Raises struct.error if it lies outside of the file."""
    form = _BIG if file.is_big else _CLASSIC
    (count,) = struct.unpack_from(file.order + form.count, file.data, at)
    Parts("entries of a directory", MAX_ENTRIES).more(count)
    at += struct.calcsize(form.count)
    entries: dict[int, Entry] = {}
    for _ in range(count):
        tag, kind, values = struct.unpack_from(file.order + form.entry, file.data, at)
        at += struct.calcsize("<" + form.entry)
        size = values * _TYPES[kind][1] if kind in _TYPES else 0
        entries.setdefault(tag, Entry(kind, values, at if size <= form.width else file.number(at, form.width)))
        at += form.width
    return Directory(file, entries, file.number(at, form.width))


def rewritten(directory: Directory) -> bytes:
    """The file with a new directory behind its bytes, which holds what the pixels of `directory` need.

    Raises ImageRejected (`bomb`) for too many strips or tiles, or for some that overlap.
    """
    file = directory.file
    values = {
        tag: (directory.entries[tag].type, directory.values(tag, most))
        for tag, most in _KEPT.items()
        if directory.values(tag)
    }
    values |= _pieces(directory)
    form = _BIG if file.is_big else _CLASSIC
    start = len(file.data) + len(file.data) % 2
    head = struct.pack(file.order + form.count, len(values))
    place = start + len(head) + len(values) * (struct.calcsize("<" + form.entry) + form.width) + form.width
    tail = b""
    for tag, (kind, content) in sorted(values.items()):
        packed = struct.pack(f"{file.order}{len(content)}{_TYPES[kind][0]}", *content)
        # Two numbers count as one rational.
        head += struct.pack(file.order + form.entry, tag, kind, len(content))
        if len(packed) <= form.width:
            head += packed.ljust(form.width, b"\0")
        else:
            head += struct.pack(file.order + form.offset, place + len(tail))
            tail += packed + bytes(len(packed) % 2)
    header_bytes = 8 + (8 if file.is_big else 0)
    header = file.data[: header_bytes - form.width] + struct.pack(file.order + form.offset, start)
    body = memoryview(file.data)[header_bytes:]
    return b"".join((header, body, bytes(len(file.data) % 2), head, bytes(form.width), tail))


def _pieces(directory: Directory) -> dict[int, tuple[int, tuple[int, ...]]]:
    """Where the strips or tiles are, and how long: as many as the image needs."""
    across, planes = _grid(directory)
    kind = _LONG8 if directory.file.is_big else _LONG
    found: dict[int, tuple[int, tuple[int, ...]]] = {}
    for offsets_tag, bytes_tag in ((STRIP_OFFSETS, STRIP_BYTES), (TILE_OFFSETS, TILE_BYTES)):
        offsets = directory.numbers(offsets_tag, across * planes)
        lengths = np.minimum(directory.numbers(bytes_tag, len(offsets)), len(directory.file.data))
        if (
            len(offsets) > _JOINED_FROM
            and offsets_tag == STRIP_OFFSETS
            and (joined := _joined(directory, offsets, planes))
        ):
            found |= {STRIP_OFFSETS: (kind, joined), ROWS_PER_STRIP: (_LONG, (directory.size[1],))}
            continue
        Parts("strips or tiles", MAX_STRIPS).more(len(offsets))
        if directory.value(COMPRESSION, 1) != 1 and lengths.sum() > 2 * len(directory.file.data):
            raise too_much("its strips or tiles overlap")
        found |= {
            tag: (kind, tuple(numbers.tolist()))
            for tag, numbers in ((offsets_tag, offsets), (bytes_tag, lengths))
            if len(numbers)
        }
    return found


def _grid(directory: Directory) -> tuple[int, int]:
    """How many strips or tiles a plane of the image has, and how many planes are stored one after another."""
    width, height = directory.size
    if directory.value(TILE_WIDTH) and directory.value(TILE_HEIGHT):
        count = -(-width // directory.value(TILE_WIDTH)) * -(-height // directory.value(TILE_HEIGHT))
    else:
        count = -(-height // max(1, min(directory.value(ROWS_PER_STRIP) or height, height)))
    return max(1, count), directory.value(SAMPLES, 1) if directory.value(PLANAR) == 2 else 1


def _joined(directory: Directory, offsets: Numbers, planes: int) -> tuple[int, ...]:
    """The offset of each plane, if its strips are not compressed and follow each other; else nothing."""
    if directory.value(COMPRESSION, 1) != 1 or directory.value(TILE_WIDTH) or len(offsets) % planes:
        return ()
    bits = directory.values(BITS, 32) or (1,)
    samples = 1 if planes > 1 else directory.value(SAMPLES, 1)
    row_bits = directory.size[0] * (bits[0] * samples if len(bits) < samples or planes > 1 else sum(bits))
    strip_bytes = -(-row_bits // 8) * directory.value(ROWS_PER_STRIP)
    by_plane = offsets.reshape(planes, -1)
    follows = (np.diff(by_plane.astype(np.int64), axis=1) == strip_bytes).all()
    return tuple(by_plane[:, 0].tolist()) if follows else ()

"""The directories of a TIFF (TIFF 6.0, section 2; BigTIFF), read with bounded work."""

import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.decoding.encoded import Parts
from lookalike.decoding.orientation import MOST_XMP_BYTES, checked, orientation_of
from lookalike.errors import ImageRejected
from lookalike.formats import ORIENTATION

#: Directories that are looked at, in the chain and below other directories.
MAX_DIRECTORIES = 100
#: Entries of a directory; writers need about 30, and DNG has 200.
MAX_ENTRIES = 2000

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR = 273, 277, 278, 279, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
SUB_DIRECTORIES, XMP, PROFILE = 330, 700, 34675
#: Type of a value (TIFF 6.0, section 2; BigTIFF) -> its code for struct and its size. Rationals are two numbers.
TYPES = {
    **{1: ("B", 1), 2: ("B", 1), 3: ("H", 2), 4: ("I", 4), 5: ("Q", 8), 6: ("b", 1), 7: ("B", 1), 8: ("h", 2)},
    **{9: ("i", 4), 10: ("Q", 8), 11: ("f", 4), 12: ("d", 8), 13: ("I", 4), 16: ("Q", 8), 17: ("q", 8), 18: ("Q", 8)},
}
LONG, LONG8 = 4, 16

Numbers = NDArray[np.uint64]


@dataclass(frozen=True)
class Form:
    """Codes for struct of a directory's count, of an entry without its value, and of an offset; bytes of a value."""

    count: str
    entry: str
    offset: str
    width: int


CLASSIC = Form("H", "HHI", "I", 4)
BIG = Form("Q", "HHQ", "Q", 8)


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
        if entry is None or entry.type not in TYPES:
            return ()
        code, size = TYPES[entry.type]
        count = min(entry.count, most, max(0, len(self.file.data) - entry.at) // size)
        return struct.unpack_from(f"{self.file.order}{count}{code}", self.file.data, entry.at)

    def value(self, tag: int, default: int = 0) -> int:
        return next(iter(self.values(tag)), default)

    def numbers(self, tag: int, most: int) -> Numbers:
        """The same as `values`, for long arrays of numbers that are not negative."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in (3, LONG, 13, LONG8, 18):
            return np.zeros(0, np.uint64)
        size = TYPES[entry.type][1]
        count = min(entry.count, most, max(0, len(self.file.data) - entry.at) // size)
        return np.frombuffer(self.file.data, f"{self.file.order}u{size}", count, entry.at).astype(np.uint64)

    def content(self, tag: int, most_bytes: int) -> bytes:
        """The first bytes of an entry."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in TYPES:
            return b""
        length = entry.count * TYPES[entry.type][1]
        return self.file.data[entry.at : entry.at + min(length, most_bytes)]

    @property
    def size(self) -> tuple[int, int]:
        return self.value(WIDTH), self.value(HEIGHT)


def opened(data: bytes) -> File:
    return File(data, "<" if data.startswith(b"II") else ">", b"+" in data[:4])


def orientation_in(*directories: Directory) -> int:
    """The orientation of the first of these directories that tells it, else that of its XMP."""
    told = (checked(directory.value(ORIENTATION)) for directory in directories)
    return next(filter(None, told), None) or orientation_of(None, directories[0].content(XMP, MOST_XMP_BYTES))


def directories(file: File, first: int | None = None) -> list[Directory]:
    """All directories in the order of the file, each followed by those below it. Only the first one must be whole.
    `first`: the offset of that one, if the header does not say it."""
    found: list[Directory] = []
    seen: set[int] = set()
    waiting = [file.first if first is None else first]
    while waiting and len(found) < MAX_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or at == 0:
            continue
        seen.add(at)
        try:
            directory = _directory(file, at)
        except (struct.error, ImageRejected):
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
    """Raises struct.error if it lies outside of the file, ImageRejected (`bomb`) if it has too many entries."""
    form = BIG if file.is_big else CLASSIC
    (count,) = struct.unpack_from(file.order + form.count, file.data, at)
    Parts("entries of a directory", MAX_ENTRIES).more(count)
    at += struct.calcsize(form.count)
    entries: dict[int, Entry] = {}
    for _ in range(count):
        tag, kind, values = struct.unpack_from(file.order + form.entry, file.data, at)
        at += struct.calcsize("<" + form.entry)
        size = values * TYPES[kind][1] if kind in TYPES else 0
        entries.setdefault(tag, Entry(kind, values, at if size <= form.width else file.number(at, form.width)))
        at += form.width
    return Directory(file, entries, file.number(at, form.width))

"""Writes a TIFF anew with one of its images, and with only the values that its pixels need.

Pillow and libtiff read every value of a directory, so that 16 MiB of strip offsets took 2.3 GB. Here a new directory is
written behind the file's bytes, and the header points to it.
"""

import struct

import numpy as np

from lookalike.decoding.encoded import Parts, too_much
from lookalike.decoding.tiff_directories import (
    BIG,
    BITS,
    CLASSIC,
    COMPRESSION,
    HEIGHT,
    LONG,
    LONG8,
    PHOTOMETRIC,
    PLANAR,
    ROWS_PER_STRIP,
    SAMPLES,
    STRIP_BYTES,
    STRIP_OFFSETS,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    TYPES,
    WIDTH,
    Directory,
    Numbers,
)

#: Strips or tiles after strips that follow each other were joined; Pillow takes 400 bytes for each.
MAX_STRIPS = 50_000
#: Strips of fewer pieces are left as they are.
_JOINED_FROM = 1000
#: Entries with a few values that a decoder needs -> the most values: colour map, tables of JPEG and CCITT, samples.
_KEPT = {
    **dict.fromkeys((WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC, 266, SAMPLES, ROWS_PER_STRIP, PLANAR, 292, 293, 317), 1),
    **dict.fromkeys((TILE_WIDTH, TILE_HEIGHT, 332, 512, 513, 514, 515, 531), 1),
    **dict.fromkeys((BITS, 338, 339, 517, 518, 519, 520, 521), 32),
    **{320: 3 * 256, 347: 2**16, 529: 3, 530: 2, 532: 6},
}


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
    form = BIG if file.is_big else CLASSIC
    start = len(file.data) + len(file.data) % 2
    head = struct.pack(file.order + form.count, len(values))
    place = start + len(head) + len(values) * (struct.calcsize("<" + form.entry) + form.width) + form.width
    tail = b""
    for tag, (kind, content) in sorted(values.items()):
        packed = struct.pack(f"{file.order}{len(content)}{TYPES[kind][0]}", *content)
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
    kind = LONG8 if directory.file.is_big else LONG
    found: dict[int, tuple[int, tuple[int, ...]]] = {}
    for offsets_tag, bytes_tag in ((STRIP_OFFSETS, STRIP_BYTES), (TILE_OFFSETS, TILE_BYTES)):
        offsets = directory.numbers(offsets_tag, across * planes)
        lengths = np.minimum(directory.numbers(bytes_tag, len(offsets)), len(directory.file.data))
        if (
            len(offsets) > _JOINED_FROM
            and offsets_tag == STRIP_OFFSETS
            and (joined := _joined(directory, offsets, planes))
        ):
            found |= {STRIP_OFFSETS: (kind, joined), ROWS_PER_STRIP: (LONG, (directory.size[1],))}
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

"""Images of a few pixels in files that make a decoder work, or fill its memory, with what stands beside the pixels."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

import testing.encoders  # noqa: F401
from lookalike.formats import FORMATS
from tests.hostile.contents import png

#: Of each file, about.
SIZE = 2 * 2**20
SIDE = 8


def _saved(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("L", (SIDE, SIDE), 90).save(file, kind, **options)
    return file.getvalue()


_PLAIN = {kind: _saved(kind) for kind in FORMATS}
_ROWS = (b"IDAT", zlib.compress(bytes(SIDE * (1 + 3 * SIDE))))


def _chunks(name: bytes, content: bytes, *, are_behind: bool = False) -> bytes:
    many = [(name, content)] * (SIZE // (12 + len(content)))
    chunks = [_ROWS, *many] if are_behind else [*many, _ROWS]
    return png(SIDE, SIDE, *chunks, (b"IEND", b""))


def _segments(piece: bytes) -> bytes:
    """A JPEG with much behind its first segment."""
    jpeg = _PLAIN["JPEG"]
    return jpeg[:20] + piece * (SIZE // len(piece)) + jpeg[20:]


def _blocks(piece: bytes) -> bytes:
    """A GIF with much before its first frame."""
    gif = _PLAIN["GIF"]
    frame = gif.index(b",")
    return gif[:frame] + piece * (SIZE // len(piece)) + gif[frame:]


def _riff(*chunks: bytes) -> bytes:
    body = b"".join((b"WEBP", b"VP8X", struct.pack("<II", 10, 0), (SIDE - 1).to_bytes(3, "little") * 2, *chunks))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def runs(body: bytes, width: int, height: int, *, bits: int = 8) -> bytes:
    """A BMP with run-length coding and a colourful palette."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 1 if bits == 8 else 2, len(body), 0, 0, 2**bits, 0)
    palette = b"".join(bytes([255 - level, level, level // 2, 0]) for level in range(2**bits))
    start = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + info + palette + body


def tiff(*entries: tuple[int, int, bytes], count: int | None = None, behind: bytes = b"") -> bytes:
    """A grey TIFF of SIDE x SIDE with these further entries: tag, type and values, little-endian. `count`: of entries,
    in the directory; its last ones are the first bytes behind it."""
    plain = {256: SIDE, 257: SIDE, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: SIDE, 279: SIDE**2}
    values = {tag: (3, struct.pack("<H", value)) for tag, value in plain.items()}
    values |= {tag: (kind, value) for tag, kind, value in entries}
    head, tail = struct.pack("<H", count or len(values)), b""
    place = 8 + 2 + 12 * len(values) + 4
    for tag, (kind, value) in sorted(values.items()):
        number = len(value) // {1: 1, 3: 2, 4: 4, 7: 1}[kind]
        head += struct.pack("<HHI", tag, kind, number)
        head += value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", place + len(tail))
        tail += value if len(value) > 4 else b""
    return b"II*\0" + struct.pack("<I", 8) + head + bytes(4) + tail + behind


def _strips() -> bytes:
    """Compressed strips of a row, each as long as the file."""
    rows = 30_000
    lengths = struct.pack("<I", SIZE) * rows
    height = (257, 4, struct.pack("<I", rows))
    return tiff(
        height, (259, 3, b"\x08\0"), (273, 4, lengths), (278, 3, b"\1\0"), (279, 4, lengths), behind=bytes(SIZE)
    )


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def _in_box(kind: str, outer: tuple[bytes, ...], content: bytes) -> bytes:
    """An AVIF or HEIF with more content at the end of a box in a box in ...; its offsets are wrong afterwards."""
    data = bytearray(_PLAIN[kind])
    at = 0
    for name in outer:
        at = data.index(name, at) - 4
        struct.pack_into(">I", data, at, int.from_bytes(data[at : at + 4]) + len(content))
    end = at + int.from_bytes(data[at : at + 4]) - len(content)
    return bytes(data[:end]) + content + bytes(data[end:])


def _of_boxes(kind: str) -> dict[str, Callable[[], bytes]]:
    """Many boxes, items, properties and references; a table as large as the file."""
    item = _box(b"infe", b"\2\0\0\0\0\1\0\0av01\0")
    found: dict[str, Callable[[], bytes]] = {
        "boxes": lambda: _PLAIN[kind] + _box(b"free", b"") * (SIZE // 8),
        "items": lambda: _in_box(kind, (b"meta", b"iinf"), item * (SIZE // 21)),
        "properties": lambda: _in_box(kind, (b"meta", b"iprp", b"ipco"), _box(b"pasp", bytes(8)) * (SIZE // 16)),
        "a property": lambda: _in_box(kind, (b"meta", b"iprp", b"ipco"), _box(b"pixi", bytes(SIZE))),
        "references": lambda: _in_box(
            kind, (b"meta",), _box(b"iref", bytes(4) + _box(b"cdsc", bytes(6)) * (SIZE // 14))
        ),
    }
    found["parts without bytes"] = lambda: _parts_without_bytes(kind)
    return {f"{kind.lower()} {name}": make for name, make in found.items()}


def _parts_without_bytes(kind: str) -> bytes:
    """3,000 items of 65,535 parts each, in a table of 18 KiB: offset and length of a part have no byte in it."""
    table = struct.pack(">IBBH", 0, 0, 0, 3000)
    table += b"".join(struct.pack(">HHH", number, 0, 65_535) for number in range(3000))
    return _in_box(kind, (b"meta",), _box(b"iloc", table)).replace(b"iloc", b"free", 1) + bytes(40_000)


def _megabyte() -> bytes:
    return zlib.compress(bytes(2**20 - 1), 9)


ATTACKS: dict[str, Callable[[], bytes]] = {
    "png empty chunks": lambda: _chunks(b"abCd", b""),
    "png compressed texts": lambda: _chunks(b"zTXt", b"a\0\0" + _megabyte()),
    "png international texts": lambda: _chunks(b"iTXt", b"a\0\1\0\0\0" + _megabyte()),
    "png texts behind the pixels": lambda: _chunks(b"zTXt", b"a\0\0" + _megabyte(), are_behind=True),
    "png profiles": lambda: _chunks(b"iCCP", b"a\0\0" + _megabyte()),
    "png empty pixels": lambda: _chunks(b"IDAT", b""),
    "png frames": lambda: _chunks(b"fcTL", bytes(26)),
    "jpeg empty segments": lambda: _segments(b"\xff\xe5\0\2"),
    "jpeg comments": lambda: _segments(b"\xff\xfe\0\2"),
    "jpeg profiles": lambda: _segments(b"\xff\xe2\0\x10ICC_PROFILE\0\1\1"),
    "jpeg resources": lambda: _segments(b"\xff\xed\0\x1aPhotoshop 3.0\x008BIM\4\4\0\0"[:28]),
    "jpeg tables": lambda: _segments(b"\xff\xdb\0\x43\0" + bytes([1]) * 64),
    "jpeg fill bytes": lambda: _segments(b"\xff"),
    "jpeg junk": lambda: _segments(b"\0"),
    "gif comments": lambda: _blocks(b"!\xfe\2ab\0"),
    "gif comment of many blocks": lambda: _blocks(b"!\xfe" + b"\1a" * (SIZE // 2 - 2) + b"\0"),
    "gif applications": lambda: _blocks(b"!\xff\x0bNETSCAPE2.0\0"),
    "gif extensions": lambda: _blocks(b"!\1\0"),
    "gif junk": lambda: _blocks(b"\1"),
    "webp chunks": lambda: _riff(_PLAIN["WebP"][12:], b"abcd\0\0\0\0" * (SIZE // 8)),
    "webp profiles": lambda: _riff(b"ICCP\0\0\0\0" * (SIZE // 8), _PLAIN["WebP"][12:]),
    "bmp runs without a line": lambda: runs(b"\xff\0" * (SIZE // 2), SIDE, SIDE),
    "bmp short lines": lambda: runs(b"\1\1\0\0" * 1000 + b"\0\1", 1000, 1000),
    "bmp jumps": lambda: runs(b"\0\2\0\0" * (SIZE // 4), SIDE, SIDE),
    "tiff strips": lambda: tiff((273, 4, bytes(SIZE)), (278, 3, b"\1\0"), (279, 4, bytes(SIZE))),
    "tiff short strips": lambda: tiff((273, 3, bytes(SIZE)), (278, 3, b"\1\0")),
    "tiff tiles": lambda: tiff((322, 3, b"\x10\0"), (323, 3, b"\x10\0"), (324, 4, bytes(SIZE)), (325, 4, bytes(SIZE))),
    "tiff overlapping strips": _strips,
    "tiff samples": lambda: tiff((258, 3, bytes(SIZE)), (338, 3, bytes(SIZE))),
    "tiff colours": lambda: tiff((262, 3, b"\3\0"), (320, 3, bytes(SIZE))),
    "tiff texts": lambda: tiff((270, 1, bytes(SIZE)), (700, 1, bytes(SIZE)), (34675, 7, bytes(SIZE))),
    "tiff entries": lambda: tiff(count=65_535, behind=bytes(SIZE)),
    "tiff directories below": lambda: tiff((330, 4, struct.pack(f"<{SIZE // 4}I", *range(1, SIZE // 4 + 1)))),
}
for _kind in ("AVIF", "HEIF"):
    ATTACKS |= _of_boxes(_kind)

"""Bounds the tables of an AVIF before libavif reads them; it searches them item by item (ISO 14496-12, 8.11)."""

from collections.abc import Sequence

from lookalike.decoding.av1 import claimed_pixels
from lookalike.decoding.boxes import MAX_EXTENTS, Extent, boxes, extents, number
from lookalike.decoding.encoded import Encoded, Parts, too_much
from lookalike.decoding.taken import MOST_EXIF_BYTES, taken_in_item
from lookalike.formats import without_exif

#: Items, properties and references of one file; a grid has one of each for a tile.
MAX_BOXES = 2000
#: Bytes of a table with an entry for each item. One of 1,000 tiles has about 16 KiB.
MAX_TABLE_BYTES = 2**15
#: Frames of an image sequence, of which the first is decoded.
MAX_FRAMES = 20_000

#: Boxes that contain boxes -> bytes before the first one, after the header.
_CONTAINERS = {
    **dict.fromkeys((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"iprp", b"ipco", b"dinf"), 0),
    **{b"meta": 4, b"iref": 4, b"iinf": 6},
}
#: Offsets of the frames of a sequence -> the bytes of one.
_CHUNK_TABLES = {b"stco": 4, b"co64": 8}
#: Of a stream, the part that is searched for its size; headers come first.
_FIRST_BYTES = 2**12
#: Images in a file, at most: colours, opacity, a thumbnail and a gain map; a grid's tiles make one.
_IMAGES = 4
_ITEM_TABLES = frozenset({b"iloc", b"ipma", b"iref", b"grpl"})
#: Tables of frames -> offset of their count, after the header.
_FRAME_TABLES = {b"stts": 4, b"ctts": 4, b"stsc": 4, b"stss": 4, b"stco": 4, b"co64": 4, b"stsz": 8, b"stz2": 8}


def reduced(data: bytes) -> Encoded:
    """The AVIF without its EXIF. Its orientation is in other boxes, and Pillow reads it.

    Raises ImageRejected (`bomb`) for more than MAX_BOXES boxes, MAX_FRAMES frames, or items that overlap.
    """
    kinds: dict[int, bytes] = {}
    places: dict[int, list[Extent]] = {}
    parts = Parts("parts of items", MAX_EXTENTS)
    streams: list[bytes] = []
    for name, start, end in boxes(data, 0, len(data), Parts("boxes", MAX_BOXES), _CONTAINERS):
        if name in _ITEM_TABLES and end - start > MAX_TABLE_BYTES:
            raise too_much(f"a table of {end - start} bytes; at most {MAX_TABLE_BYTES} are read")
        if name in _FRAME_TABLES and number(data, start + _FRAME_TABLES[name], 4)[0] > MAX_FRAMES:
            raise too_much(f"more than {MAX_FRAMES} frames")
        if name == b"infe":
            id_bytes = 4 if data[start] > 2 else 2
            kinds[number(data, start + 4, id_bytes)[0]] = data[start + 6 + id_bytes : start + 10 + id_bytes]
        elif name == b"iloc":
            for part in extents(data, data[start:end], parts):
                places.setdefault(part.item, []).append(part)
        elif name in _CHUNK_TABLES:
            # Of a sequence, the first frame is decoded.
            offset = number(data, start + 8, _CHUNK_TABLES[name])[0]
            streams.append(data[offset : offset + _FIRST_BYTES])
    if sum(part.length for found in places.values() for part in found) > 2 * len(data):
        raise too_much("its items are larger than the file")
    streams += (_beginning(data, places.get(id, ()), _FIRST_BYTES) for id, kind in kinds.items() if kind == b"av01")
    pixels = [claimed_pixels(stream) for stream in streams]
    claimed = max(0, *pixels, sum(pixels) // _IMAGES)
    exif = next((places.get(id, [])[:1] for id, kind in kinds.items() if kind == b"Exif"), [])
    taken_at_ms = taken_in_item(_beginning(data, exif, MOST_EXIF_BYTES))
    return Encoded("AVIF", without_exif(data), orientation=None, claimed_pixels=claimed, taken_at_ms=taken_at_ms)


def _beginning(data: bytes, places: Sequence[Extent], most: int) -> bytes:
    """The first bytes of an item, which may lie in several places."""
    first = b""
    for part in places:
        if len(first) < most:
            first += data[part.offset : part.offset + min(part.length, most)]
    return first

"""When a photograph was taken is read from its EXIF, in every format that carries it."""

import struct
from datetime import UTC, datetime

import pytest

from lookalike.decoding.taken import taken_in_item, taken_of
from lookalike.images import decode, decode_region
from lookalike.queries.region import WHOLE
from tests.decoding.files import MAX_PIXELS, chunk, in_png, scene, seen, stored
from tests.decoding.test_jxl import START
from tests.decoding.test_jxl import box as jxl_box
from tests.decoding.test_raw_containers import SENSOR, box, cr3, marked, orf, raf, rw2, track

DATE = b"2024:05:17 13:45:02\0"
AT_MS = int(datetime(2024, 5, 17, 13, 45, 2, tzinfo=UTC).timestamp()) * 1000
#: The directory of EXIF; DateTimeOriginal, OffsetTimeOriginal, SubSecTimeOriginal.
EXIF, TAKEN, OFFSET, FRACTION = 34665, 36867, 36881, 37521


def exif_of(texts: dict[int, bytes], order: str = "<", is_big: bool = False, in_first: bool = False) -> bytes:
    """A TIFF with a directory of EXIF and these texts in it, or in its first directory."""
    mark = {"<": b"II", ">": b"MM"}[order]
    if is_big:
        head, count, entry, width = mark + struct.pack(order + "HHHQ", 43, 8, 0, 16), "Q", "HHQ", 8
    else:
        head, count, entry, width = mark + struct.pack(order + "HI", 42, 8), "H", "HHI", 4
    offset = {4: "I", 8: "Q"}[width]
    at = len(head)
    if not in_first:
        at += struct.calcsize(order + count) + struct.calcsize(order + entry) + 2 * width
        pointer = struct.pack(order + entry + offset, EXIF, {4: 4, 8: 18}[width], 1, at)
        head += struct.pack(order + count, 1) + pointer + bytes(width)
    place = at + struct.calcsize(order + count) + len(texts) * (struct.calcsize(order + entry) + width) + width
    entries, values = b"", b""
    for tag, text in sorted(texts.items()):
        value = text.ljust(width, b"\0") if len(text) <= width else struct.pack(order + offset, place + len(values))
        values += text if len(text) > width else b""
        entries += struct.pack(order + entry, tag, 2, len(text)) + value
    return head + struct.pack(order + count, len(texts)) + entries + bytes(width) + values


TIFF = exif_of({TAKEN: DATE})


@pytest.mark.parametrize("in_first", [False, True])
@pytest.mark.parametrize("is_big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_date_is_found_in_every_kind_of_tiff(order: str, is_big: bool, in_first: bool) -> None:
    texts = {TAKEN: DATE, OFFSET: b"+02:00\0", FRACTION: b"25\0"}
    assert taken_of(exif_of(texts, order, is_big, in_first)) == AT_MS - 2 * 3600 * 1000 + 250


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({TAKEN: DATE}, AT_MS),
        ({TAKEN: b"2024-05-17T13:45:02"}, AT_MS),
        ({TAKEN: DATE, OFFSET: b"-09:30\0"}, AT_MS + (9 * 60 + 30) * 60 * 1000),
        ({TAKEN: DATE, OFFSET: b"   :  \0"}, AT_MS),
        ({TAKEN: DATE, OFFSET: b"+99:00\0"}, AT_MS),
        ({TAKEN: DATE, FRACTION: b"7\0"}, AT_MS + 700),
        ({TAKEN: DATE, FRACTION: b"123456\0"}, AT_MS + 123),
        ({TAKEN: DATE, FRACTION: b"\0\0\0"}, AT_MS),
        ({TAKEN: b"1970:01:01 00:00:00\0"}, 0),
        ({TAKEN: b"1904:01:01 00:00:00\0"}, -2082844800000),
        ({TAKEN: b"0001:01:01 00:00:00\0", OFFSET: b"-14:00\0"}, -62135596800000 + 14 * 3600 * 1000),
        ({TAKEN: b"0001:01:01 00:00:00\0", OFFSET: b"+01:00\0"}, None),
        ({TAKEN: b"9999:12:31 23:59:59\0", FRACTION: b"999\0"}, 253402300799999),
        ({TAKEN: b"9999:12:31 23:59:59\0", OFFSET: b"-00:01\0"}, None),
        ({TAKEN: b"0000:00:00 00:00:00\0"}, None),
        ({TAKEN: b"    :  :     :  :  \0"}, None),
        ({TAKEN: b"2024:02:30 00:00:00\0"}, None),
        ({TAKEN: b"2024:05:17 25:00:00\0"}, None),
        ({TAKEN: b"2024:05:17\0"}, None),
        ({TAKEN: b"\xff" * 20}, None),
        ({OFFSET: b"+02:00\0"}, None),
        ({}, None),
    ],
)
def test_the_date_is_what_the_texts_say(texts: dict[int, bytes], expected: int | None) -> None:
    assert taken_of(exif_of(texts)) == taken_of(b"Exif\0\0" + exif_of(texts, ">")) == expected


def test_broken_exif_has_no_date() -> None:
    for end in range(len(TIFF) - 1):
        assert taken_of(TIFF[:end]) is None
    for at in range(len(TIFF)):
        # Whatever comes, it is a number or nothing.
        assert isinstance(taken_of(TIFF[:at] + b"\xff" * 4 + TIFF[at + 4 :]), int | None)
    for hostile in (b"", b"Exif\0\0", b"II+\0" + b"\xff" * 40, b"MM\0*\0\0\0\x08\xff\xff" + TIFF[10:], bytes(9)):
        assert taken_of(hostile) is None


def test_an_item_says_where_its_tiff_begins() -> None:
    assert taken_in_item(bytes(4) + TIFF) == taken_in_item(struct.pack(">I", 6) + b"Exif\0\0" + TIFF) == AT_MS
    assert taken_in_item(b"\xff" * 4 + TIFF) is taken_in_item(b"") is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_every_format_with_exif_tells_when_a_photograph_was_taken(kind: str) -> None:
    data = stored(scene(), kind, exif=b"Exif\0\0" + TIFF)
    assert seen(data).taken_at_ms == AT_MS
    assert seen(stored(scene(), kind)).taken_at_ms is None


@pytest.mark.parametrize("kind", ["GIF", "BMP"])
def test_other_formats_tell_nothing(kind: str) -> None:
    assert seen(stored(scene(), kind)).taken_at_ms is None


def test_a_jpeg_that_is_left_to_a_gpu_tells_it_as_well() -> None:
    data = stored(scene(), "JPEG", exif=b"Exif\0\0" + TIFF)
    left = decode(data, max_pixels=MAX_PIXELS, left_from=1)
    assert left.left is not None and left.taken_at_ms == AT_MS
    assert decode_region(data, WHOLE, max_pixels=MAX_PIXELS).width == scene().width


def test_a_png_whose_exif_is_behind_its_pixels_tells_it() -> None:
    assert seen(in_png(chunk(b"eXIf", TIFF), before=b"IEND")).taken_at_ms == AT_MS


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_is_its_own_exif(order: str) -> None:
    # Pillow writes this byte order here, and a directory below the first one.
    data = stored(scene(), "TIFF", tiffinfo={})
    assert seen(data).taken_at_ms is None
    assert seen(tiff_with_exif(order)).taken_at_ms == AT_MS


def tiff_with_exif(order: str) -> bytes:
    """One grey pixel and EXIF."""
    mark = {"<": b"II", ">": b"MM"}[order]
    shorts = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 277: 1, 278: 1, 279: 1}
    entries = {tag: struct.pack(order + "HHIHH", tag, 3, 1, value, 0) for tag, value in shorts.items()}
    after = 8 + 2 + 12 * (len(entries) + 2) + 4
    entries[273] = struct.pack(order + "HHII", 273, 4, 1, after)
    entries[EXIF] = struct.pack(order + "HHII", EXIF, 4, 1, after + 2)
    first = b"".join(entry for _, entry in sorted(entries.items()))
    below = struct.pack(order + "HHHIII", 1, TAKEN, 2, len(DATE), after + 2 + 18, 0) + DATE
    return mark + struct.pack(order + "HIH", 42, 8, len(entries)) + first + bytes(4) + b"\x80\0" + below


@pytest.mark.parametrize("is_before", [False, True])
def test_a_jpeg_xl_tells_it_in_a_box(is_before: bool) -> None:
    stream, exif = jxl_box(b"jxlc", stored(scene(), "JXL")), jxl_box(b"Exif", bytes(4) + TIFF)
    assert seen(START + (exif + stream if is_before else stream + exif)).taken_at_ms == AT_MS
    assert seen(START + stream + jxl_box(b"free", b"") * 20_000 + exif).taken_at_ms is None


JPEG = stored(scene(), "JPEG", quality=95)
TELLING = stored(scene(), "JPEG", quality=95, exif=b"Exif\0\0" + TIFF)


def test_a_raw_tells_it_itself_or_by_its_preview() -> None:
    assert seen(raf(TELLING)).taken_at_ms == seen(rw2(TELLING)).taken_at_ms == AT_MS
    assert seen(orf(TELLING)).taken_at_ms == seen(cr3(TELLING)).taken_at_ms == AT_MS
    assert seen(raf(JPEG)).taken_at_ms is seen(rw2(JPEG)).taken_at_ms is None


def test_a_cr3_tells_it_beside_its_preview() -> None:
    other = exif_of({TAKEN: b"1999:12:31 23:59:59\0"}, in_first=True)
    canon = box(b"uuid", bytes(16), box(b"CMT2", other))

    def built(at: int) -> bytes:
        places = track(SENSOR, at, len(TELLING)), track(SENSOR, at + len(TELLING), 500)
        return box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", canon, *places)

    data = built(len(built(0)) + 8) + box(b"mdat", TELLING, bytes(500))
    assert seen(data).taken_at_ms == int(datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()) * 1000


def test_other_marks_of_a_tiff_are_read() -> None:
    for mark in (b"IIU\0", b"IIRO", b"IIRS"):
        assert taken_of(marked(TIFF, mark)) == AT_MS
    assert taken_of(marked(exif_of({TAKEN: DATE}, ">"), b"MMOR")) == AT_MS

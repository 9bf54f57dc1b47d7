"""Raws of Fujifilm, Panasonic, Olympus and Canon: their JPEG of full size, or unsupported.

The files are built from the published layouts; no camera wrote them.
"""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from lookalike import formats
from lookalike.errors import ImageRejected
from lookalike.images import decode
from lookalike.records import Reason
from tests.decoding.files import HEIGHT, WIDTH, difference, scene, seen, squeezed, stored
from tests.decoding.test_raw import Entries, tiff

SENSOR = (WIDTH + 8, HEIGHT + 6)
FULL = stored(scene(), "JPEG", quality=95)
SMALL = stored(scene().resize((WIDTH // 2, HEIGHT // 2)), "JPEG", quality=95)


def raf(jpeg: bytes, sensor: tuple[int, int] = SENSOR, turned: int = 1) -> bytes:
    table = struct.pack(">I", 3) + struct.pack(">HH2H", 0x0100, 4, sensor[1] + 20, sensor[0] + 20)
    table += struct.pack(">HHI", 0xC000, 4, 7) + struct.pack(">HH2H", 0x0111, 4, sensor[1], sensor[0])
    start = 160
    places = struct.pack(">6I", start, len(jpeg), start + len(jpeg), len(table), start + len(jpeg) + len(table), 500)
    head = b"FUJIFILMCCD-RAW 0201FF383501" + b"X-T5".ljust(32, b"\0")
    return head.ljust(84, b"\0") + places + bytes(start - 84 - len(places)) + jpeg + table + bytes(500)


def marked(data: bytes, mark: bytes) -> bytes:
    return mark + data[len(mark) :]


def rw2(jpeg: bytes, sensor: tuple[int, int] = SENSOR, turned: int = 1) -> bytes:
    borders = {4: 8, 5: 4, 6: 8 + sensor[1], 7: 4 + sensor[0]}
    entries: Entries = {tag: (3, [value]) for tag, value in borders.items()}
    return marked(tiff(entries | {0x2E: (1, jpeg), formats.ORIENTATION: (3, [turned])}), b"IIU\0")


def directory(entries: dict[int, tuple[int, int, int]], at: int) -> bytes:
    """A directory of one-value entries: type, count, value."""
    packed = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(entries.items()))
    return struct.pack("<H", len(entries)) + packed + bytes(4)


def orf(jpeg: bytes, sensor: tuple[int, int] = SENSOR, turned: int = 1, mark: bytes = b"OLYMPUS\0II\3\0") -> bytes:
    settings_at = len(mark) + 18
    jpeg_at = settings_at + 30
    note = mark + directory({0x2020: (13, 1, settings_at)}, len(mark))
    note += directory({0x0101: (4, 1, jpeg_at), 0x0102: (4, 1, len(jpeg))}, settings_at) + jpeg
    place = 8 + 2 + 12 * 4 + 4
    first = {256: (4, 1, sensor[0]), 257: (4, 1, sensor[1]), 34665: (4, 1, place), formats.ORIENTATION: (3, 1, turned)}
    exif = directory({37500: (7, len(note), place + 18)}, place)
    return b"IIRO" + struct.pack("<I", 8) + directory(first, 8) + exif + note


def om(jpeg: bytes, sensor: tuple[int, int] = SENSOR, turned: int = 1) -> bytes:
    return orf(jpeg, sensor, turned, b"OM SYSTEM\0\0\0II\4\0")


def box(name: bytes, *content: bytes) -> bytes:
    whole = b"".join(content)
    return struct.pack(">I", 8 + len(whole)) + name + whole


def track(size: tuple[int, int], offset: int, length: int) -> bytes:
    entry = box(b"CRAW", bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", *size) + bytes(50), box(b"JPEG", bytes(4)))
    tables = box(b"stsd", struct.pack(">II", 0, 1), entry), box(b"stsz", struct.pack(">III", 0, length, 1))
    places = box(b"co64", struct.pack(">IIQ", 0, 1, offset))
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", *tables, places))))


def cr3(jpeg: bytes, sensor: tuple[int, int] = SENSOR, turned: int = 1) -> bytes:
    exif = box(b"CMT1", tiff({formats.ORIENTATION: (3, [turned])}))
    canon = box(b"uuid", bytes.fromhex("85c0b687820f11e08111f4ce462b6a48"), exif)
    start = box(b"ftyp", b"crx \0\0\0\1crx isom")

    def built(at: int) -> bytes:
        size = (WIDTH, HEIGHT)
        return start + box(b"moov", canon, track(size, at, len(jpeg)), track(sensor, at + len(jpeg), 500))

    head = built(0)
    return built(len(head) + 8) + box(b"mdat", jpeg, bytes(500))


RAWS: dict[str, Callable[..., bytes]] = {"RAF": raf, "RW2": rw2, "ORF": orf, "ORF of OM": om, "CR3": cr3}


@pytest.mark.parametrize("name", RAWS)
def test_a_raw_is_its_preview_of_full_size(name: str) -> None:
    data = RAWS[name](FULL)
    assert formats.kind_of(data) == name[:3]
    image = seen(data)
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert difference(image.pixels, squeezed(scene())) < 2.5


@pytest.mark.parametrize("name", RAWS)
def test_a_smaller_preview_is_unsupported_and_the_message_says_what_helps(name: str) -> None:
    for jpeg in (SMALL, b"", b"\xff\xd8" + bytes(500), FULL.replace(b"\xff\xc0", b"\xff\xc3")):
        with pytest.raises(ImageRejected, match=r"full size.*; develop it") as caught:
            seen(RAWS[name](jpeg))
        assert caught.value.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("name", ["RW2", "ORF", "CR3"])
def test_the_preview_is_turned_as_the_raw_says(name: str) -> None:
    turned = stored(scene().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95)
    image = seen(RAWS[name](turned, SENSOR[::-1], turned=6))
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert difference(image.pixels, squeezed(scene())) < 2.5


def test_the_preview_of_a_raf_is_turned_as_it_says_itself() -> None:
    exif = Image.Exif()
    exif[formats.ORIENTATION] = 6
    turned = stored(scene().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)
    assert seen(raf(turned, SENSOR[::-1])).width == WIDTH


@pytest.mark.parametrize("name", RAWS)
def test_hostile_raws_are_rejected_with_a_reason(name: str) -> None:
    chance = np.random.default_rng(7)
    data = RAWS[name](FULL)
    for turn in range(150):
        broken = bytearray(data)
        for at in chance.integers(0, min(len(data), 400 if turn % 2 else len(data)), size=1 + turn % 6):
            broken[at] = chance.integers(256)
        for content in (bytes(broken), data[: 10 + 7 * turn]):
            try:
                seen(content)
            except ImageRejected as rejected:
                assert rejected.reason in {Reason.UNSUPPORTED, Reason.CORRUPT, Reason.TRUNCATED, Reason.BOMB}


@pytest.mark.parametrize("name", RAWS)
def test_the_limit_on_pixels_holds_for_the_preview(name: str) -> None:
    with pytest.raises(ImageRejected) as caught:
        decode(RAWS[name](FULL), max_pixels=WIDTH * HEIGHT - 1)
    assert caught.value.reason is Reason.BOMB


def test_a_cr3_with_many_boxes_is_a_bomb() -> None:
    with pytest.raises(ImageRejected) as caught:
        seen(cr3(FULL) + box(b"free") * 3000)
    assert caught.value.reason is Reason.BOMB


def test_a_cr3_that_names_many_previews_is_a_bomb() -> None:
    """All at one place, where each would be searched for its size."""
    tracks = b"".join(track(SENSOR, 8, 1000) for _ in range(101))
    with pytest.raises(ImageRejected, match="previews") as caught:
        seen(box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", tracks) + FULL)
    assert caught.value.reason is Reason.BOMB


def test_a_note_that_points_to_itself_ends() -> None:
    data = orf(FULL)
    at = data.index(struct.pack("<HHI", 0x2020, 13, 1)) + 8
    with pytest.raises(ImageRejected) as caught:
        seen(data[:at] + struct.pack("<I", 12) + data[at + 4 :])
    assert caught.value.reason is Reason.UNSUPPORTED

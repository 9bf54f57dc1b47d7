"""A camera raw is its preview of full size or unsupported, never a thumbnail."""

import struct

import pytest
from PIL import Image

from lookalike import formats
from lookalike.errors import ImageRejected
from lookalike.records import Reason
from tests.decoding.files import HEIGHT, WIDTH, difference, scene, seen, squeezed, stored

Entries = dict[int, tuple[int, list[int] | bytes]]
SMALL = (80, 50)
SENSOR_SIZE = (WIDTH + 8, HEIGHT + 6)
CANON = b"CR\2\0\0\0\0\0"
DNG: Entries = {50706: (1, b"\1\4\0\0")}


def tiff(*directories: Entries, below: int = 1, mark: bytes = b"") -> bytes:
    """A TIFF of directories: tag -> type and values, or the bytes that the value is the offset of (type 0). The
    directories from `below` on are sub-directories of the first one; those before it are a chain. `mark`: behind the
    header."""
    sizes = [2 + 12 * (len(entries) + (number == 0)) + 4 for number, entries in enumerate(directories)]
    starts = [8 + len(mark) + sum(sizes[:number]) for number in range(len(sizes))]
    first = dict(directories[0]) | {330: (4, starts[below:] or [0])}
    body, place = b"", starts[-1] + sizes[-1]
    heads = []
    for number, entries in enumerate((first, *directories[1:])):
        head = struct.pack("<H", len(entries))
        for tag, (kind, values) in sorted(entries.items()):
            if kind == 0 and isinstance(values, bytes):
                head += struct.pack("<HHII", tag, 4, 1, place + len(body))
                body += values
                continue
            code = {1: "B", 3: "H", 4: "I"}[kind]
            packed = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{code}", *values)
            head += struct.pack("<HHI", tag, kind, len(packed) // struct.calcsize(code))
            head += packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", place + len(body))
            body += packed if len(packed) > 4 else b""
        following = starts[number + 1] if number + 1 < below and number + 1 < len(starts) else 0
        heads.append(head + struct.pack("<I", following))
    return b"II*\0" + struct.pack("<I", starts[0]) + mark + b"".join(heads) + body


def pixels(image: Image.Image, **more: int) -> Entries:
    """A directory with uncompressed RGB."""
    entries: Entries = {tag: (3, [value]) for tag, value in {259: 1, 262: 2, 277: 3, 278: image.height}.items()}
    entries |= {256: (4, [image.width]), 257: (4, [image.height]), 258: (3, [8, 8, 8])}
    entries |= {273: (0, image.tobytes()), 279: (4, [3 * image.width * image.height])}
    return entries | {int(tag.removeprefix("t")): (3, [value]) for tag, value in more.items()}


def linked(jpeg: bytes, **more: int) -> Entries:
    """A directory with a JPEG as thumbnails have it."""
    entries: Entries = {259: (3, [6]), 513: (0, jpeg), 514: (4, [len(jpeg)])}
    return entries | {int(tag.removeprefix("t")): (3, [value]) for tag, value in more.items()}


def strip(jpeg: bytes, size: tuple[int, int]) -> Entries:
    """A directory with a JPEG as its only strip."""
    entries: Entries = {256: (4, [size[0]]), 257: (4, [size[1]]), 259: (3, [7]), 262: (3, [6])}
    return entries | {273: (0, jpeg), 279: (4, [len(jpeg)])}


def sensor(size: tuple[int, int] = SENSOR_SIZE, compression: int = 1) -> Entries:
    samples = bytes(2 * size[0] * size[1])
    entries: Entries = {256: (4, [size[0]]), 257: (4, [size[1]]), 258: (3, [16]), 277: (3, [1])}
    return entries | {259: (3, [compression]), 262: (3, [32803]), 273: (0, samples), 279: (4, [len(samples)])}


THUMBNAIL = pixels(scene().resize(SMALL), t254=1)
FULL = stored(scene(), "JPEG", quality=95)
RAWS = {
    "DNG": tiff(THUMBNAIL | DNG, sensor(), strip(FULL, (WIDTH, HEIGHT))),
    "NEF": tiff(THUMBNAIL, linked(FULL), sensor(compression=34713)),
    "ARW": tiff(linked(FULL), sensor(compression=32767), below=2),
    "PEF": tiff(sensor(compression=65535), linked(stored(scene().resize(SMALL), "JPEG")), linked(FULL), below=3),
    "CR2": tiff(strip(FULL, (WIDTH, HEIGHT)), linked(stored(scene().resize(SMALL), "JPEG")), below=2, mark=CANON),
    "with uncompressed pixels": tiff(THUMBNAIL | DNG, sensor(), pixels(scene())),
}
WITHOUT = {
    "a thumbnail only": tiff(THUMBNAIL | DNG, sensor()),
    "a preview of half the size": tiff(
        THUMBNAIL, sensor(), linked(stored(scene().resize((WIDTH // 2, HEIGHT // 2)), "JPEG"))
    ),
    "a preview outside of the file": tiff(THUMBNAIL, sensor(), linked(FULL) | {513: (4, [10**8])}),
    "a preview that is no JPEG": tiff(THUMBNAIL, sensor(), linked(b"\xff\xd8" + bytes(500))),
    "sensor data as lossless JPEG": tiff(THUMBNAIL | DNG, sensor(), linked(FULL.replace(b"\xff\xc0", b"\xff\xc3"))),
    "sensor data first": tiff(sensor()),
    "no sizes": tiff(THUMBNAIL | DNG),
}


@pytest.mark.parametrize("name", RAWS)
def test_a_raw_is_its_preview_of_full_size(name: str) -> None:
    image = seen(RAWS[name])
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert difference(image.pixels, squeezed(scene())) < 2.5


@pytest.mark.parametrize("name", WITHOUT)
def test_a_raw_without_one_is_unsupported(name: str) -> None:
    with pytest.raises(ImageRejected, match="raw") as caught:
        seen(WITHOUT[name])
    assert caught.value.reason is Reason.UNSUPPORTED


def test_the_preview_is_turned_as_the_raw_says() -> None:
    turned = stored(scene().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95)
    image = seen(tiff(THUMBNAIL | DNG | {formats.ORIENTATION: (3, [6])}, sensor(SENSOR_SIZE[::-1]), linked(turned)))
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert difference(image.pixels, squeezed(scene())) < 2.5


@pytest.mark.parametrize("start", [pytest.param(b"FOVb\0\0\2\0", id="X3F"), pytest.param(b"\0MRM\0\0\0\0", id="MRW")])
def test_raws_that_are_not_known_are_unsupported(start: bytes) -> None:
    """Although they have a JPEG inside."""
    with pytest.raises(ImageRejected) as caught:
        seen(start + bytes(200) + FULL)
    assert caught.value.reason is Reason.UNSUPPORTED


def test_a_broken_directory_behind_the_first_one_does_no_harm() -> None:
    data = stored(scene(), "TIFF")
    directory = struct.unpack_from("<I", data, 4)[0]
    following = directory + 2 + 12 * struct.unpack_from("<H", data, directory)[0]
    for place in (len(data) + 1000, 9, directory, following + 1, 0xFFFFFFFF):
        broken = data[:following] + struct.pack("<I", place) + data[following + 4 :] + b"\xff" * 500
        assert difference(seen(broken).pixels, squeezed(scene())) < 1

"""JPEG XL: what a codestream claims is read before libjxl sees it."""

import base64
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imagecodecs import jpegxl_encode
from PIL import Image, ImageDraw

from lookalike.decoding import jxl, jxl_header
from lookalike.decoding.profiles import to_srgb
from lookalike.errors import ImageRejected
from lookalike.images import decode
from lookalike.records import Reason
from testing.processes import ROOT
from tests.decoding.files import HEIGHT, MAX_PIXELS, WIDTH, difference, scene, seen, squeezed, stored
from tests.decoding.test_profiles import WIDE

#: 24 x 16 pixels of (60, 200, 60) with the profile WIDE, written by libjxl 0.11 without loss and with loss.
PROFILED = [
    b"0000CN?1%F4GM<}0000KW^{RQYItlQ00000YItlQ0003TYItm8{|W;^2)!PVFb{y~luQUY&+AC5>R)U*-AEyJRhOblJB+xJMr5INIkg(^!X<3Rw3+"
    b"n>;4dJ>juRXF6xy}2p1sp)Am<?Du>>3WF!bgSGz|JyV9Z1~Fc0*}0alp_U-t+C0RXT9OBkD+afAanfCD%nO29b<0RSLGfCvx)B0%K-k$d_cT4z^PRa"
    b"GTPk`PdLcXxMp|NsBLRc~fyW`^g#zvur88f&h#_CEJUL_|aoP-bRkW@c7Z)qU@GcXxNg|NHm+_t2Pg&b9WrH%XF&fU2shs;cV$|Npu7b$54n!~gsD{"
    b"P)n9bI!H)xi?9Ygn+85s;a8$|NsBF_jPx7cV8d`05{wN!{Z_V0R9g&",
    b"0000CN?1%F4GM<}0000KW^{RQYItlQ00000YItlQ00022YItm8{|W;^2)!PVFb{y~luQUY&+AC5>R)U*-AEyJRhOblJB+xJMr5INIkg(^!X<3Rw3+"
    b"n>;4dJ>juRXF6xy}2p1sp)Am<?Du>>3WF!bgSGz|JyV9Z1~Fc0*}0alp_U-tk&6aer5wVxmW02L~uj2pb1>-q9ShsCsw>kMtRZD9#xv%N4#NI1o4H"
    b"(d3J=0RbDk3Zm^8_XI$8NwmUDz%aX",
]


def rejected(data: bytes, max_pixels: int = MAX_PIXELS) -> ImageRejected:
    with pytest.raises(ImageRejected) as caught:
        decode(data, max_pixels=max_pixels)
    return caught.value


def written(values: np.ndarray, **options: Any) -> bytes:
    return bytes(jpegxl_encode(values, **options))


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


START = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ")


@pytest.mark.parametrize("is_lossless", [False, True])
@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_integers_and_floats_are_shown(kind: str, is_lossless: bool) -> None:
    values = np.asarray(scene()) / 255
    if kind == "uint8":
        pixels = np.asarray(scene())
    elif kind == "uint16":
        # The encoder takes deep pixels for linear light.
        pixels = np.rint(((values + 0.055) / 1.055) ** 2.4 * 65535).astype(np.uint16)
        pixels = np.where(values <= 0.04045, values / 12.92 * 65535, pixels).astype(np.uint16)
    else:
        pixels = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4).astype(np.float32)
    image = seen(written(pixels, distance=0.0 if is_lossless else 0.5, lossless=is_lossless))
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert difference(image.pixels, squeezed(scene())) < 6


@pytest.mark.parametrize("bits", [1, 4, 8, 10, 12])
def test_white_is_the_largest_value_of_the_bits(bits: int) -> None:
    white = np.full((20, 30), 2**bits - 1, np.uint8 if bits <= 8 else np.uint16)
    assert seen(written(white, lossless=True, bitspersample=bits)).pixels.min() == 255


def test_transparent_parts_are_white() -> None:
    values = np.zeros((64, 96, 4), np.uint8)
    values[:, 48:] = [0, 0, 255, 255]
    pixels = seen(written(values, lossless=True)).pixels
    assert (pixels[:, :100] == 255).all() and (pixels[:, 124:] == [0, 0, 255]).all()


def test_an_animation_is_its_first_frame() -> None:
    frames = np.zeros((3, 32, 48, 3), np.uint8)
    frames[0, :, :, 0] = frames[1, :, :, 1] = 255
    image = seen(written(frames, lossless=True))
    assert (image.width, image.height) == (48, 32) and (image.pixels == [255, 0, 0]).all()


@pytest.mark.parametrize("coded", PROFILED)
def test_the_profile_is_read_and_applied(coded: bytes) -> None:
    data = base64.b85decode(coded)
    encoded = jxl.reduced(data)
    assert encoded.profile == bytes(WIDE)
    expected = to_srgb(Image.new("RGB", (1, 1), (60, 200, 60)), encoded.profile)
    assert difference(seen(data).pixels[100, 100], np.asarray(expected)[0, 0]) < 2
    assert difference(np.asarray(expected)[0, 0], np.array([60, 200, 60])) > 10


def test_a_broken_profile_is_corrupt_and_costs_little() -> None:
    data = bytearray(base64.b85decode(PROFILED[0]))
    start = data.index(b"\xff\x0a")
    for at in range(start + 8, start + 200):
        broken = bytes(data[:at]) + bytes([data[at] ^ 0x55]) + bytes(data[at + 1 :])
        try:
            seen(broken)
        except ImageRejected as found:
            assert found.reason in {Reason.CORRUPT, Reason.TRUNCATED, Reason.BOMB, Reason.UNSUPPORTED}


def test_frames_that_an_encoder_uses_again_are_passed_over() -> None:
    """Letters are stored once, in a frame before the image."""
    page = Image.new("RGB", (640, 480), "white")
    draw = ImageDraw.Draw(page)
    for top in range(10, 470, 14):
        draw.text((10, top), "the quick brown fox jumps over the lazy dog " * 2, fill="black")
    for options in ({"distance": 1.0, "effort": 7}, {"lossless": True, "effort": 7}):
        data = written(np.asarray(page), **options)
        assert jxl.reduced(data).claimed_pixels == 640 * 480
        assert difference(seen(data).pixels, squeezed(page)) < 3


def test_a_container_is_the_same_as_its_codestream() -> None:
    stream = stored(scene(), "JXL")
    pieces = [stream[:100], stream[100:1000], stream[1000:]]
    parts = b"".join(box(b"jxlp", struct.pack(">I", number) + piece) for number, piece in enumerate(pieces))
    beside = box(b"Exif", b"\xff" * 50) + box(b"brob", b"xml " + bytes(50)) + box(b"jbrd", b"\xff" * 50)
    for data in (START + box(b"jxlc", stream), START + beside + parts + beside):
        np.testing.assert_array_equal(seen(data).pixels, seen(stream).pixels)
    assert rejected(START + beside).reason is Reason.TRUNCATED
    assert rejected(START + box(b"free", b"") * 20_000 + box(b"jxlc", stream)).reason is Reason.BOMB


def test_a_header_that_claims_too_many_pixels_is_a_bomb() -> None:
    data = stored(scene(), "JXL")
    header = jxl_header.read(data)
    assert (header.width, header.height) == (WIDTH, HEIGHT)
    assert rejected(data, WIDTH * HEIGHT - 1).reason is Reason.BOMB
    assert rejected(base64.b85decode(PROFILED[0]), 24 * 16 - 1).reason is Reason.BOMB
    assert rejected(written(np.zeros((40, 40, 3), np.float32)), 2 * 1600 - 1).reason is Reason.BOMB


def test_a_thin_image_counts_as_16_rows() -> None:
    """libjxl takes as much memory for one."""
    thin = written(np.zeros((1, 4000, 3), np.uint8))
    assert rejected(thin, 16 * 4000 - 1).reason is Reason.BOMB
    assert decode(thin, max_pixels=16 * 4000).width == 4000


class Bits:
    """Writes numbers, the least significant bit first."""

    def __init__(self) -> None:
        self.value = self.count = 0

    def put(self, value: int, count: int) -> "Bits":
        self.value |= value << self.count
        self.count += count
        return self

    def all(self) -> bytes:
        return self.value.to_bytes(-(-self.count // 8), "little")


def small_with(frame: Bits) -> bytes:
    """8 x 8 pixels and this frame."""
    header = Bits().put(1, 1).put(0, 5).put(1, 3).put(1, 1).put(1, 1)
    return b"\xff\x0a" + header.all() + frame.all() + bytes(50)


def test_a_hidden_frame_may_not_be_larger_than_an_image() -> None:
    """A frame for reference of 2**30 pixels a side, below an image of 8 x 8."""
    side = Bits().put(0, 1).put(2, 2).put(1, 1).put(0, 2).put(0, 2).put(1, 2)
    side.put(1, 1).put(3, 2).put(2**30 - 1, 30).put(3, 2).put(2**30 - 1, 30)
    side.put(1, 2).put(0, 1).put(0, 2).put(1, 1).put(0, 2)
    assert rejected(small_with(side)).reason is Reason.BOMB


def test_frames_below_the_image_are_counted() -> None:
    """Empty frames for reference, one after the other."""
    one = Bits().put(0, 1).put(2, 2).put(1, 1).put(0, 2).put(0, 2).put(1, 2).put(0, 1).put(1, 2).put(0, 1)
    one.put(0, 2).put(1, 1).put(0, 2)
    # The table: in order, one part of no bytes.
    one.put(0, 1).put(0, -one.count % 8).put(0, 2).put(0, 10)
    header = Bits().put(1, 1).put(0, 5).put(1, 3).put(1, 1).put(1, 1)
    data = b"\xff\x0a" + header.all() + one.all() * 200
    found = rejected(data)
    assert found.reason is Reason.BOMB and "frames" in found.detail


def test_parts_of_all_frames_are_counted_together() -> None:
    """Frames for reference of 240 x 250 groups each, all without a byte."""
    one = Bits().put(0, 1).put(2, 2).put(1, 1).put(0, 2).put(0, 2).put(1, 2)
    one.put(1, 1).put(3, 2).put(256 * 250 - 18688, 30).put(3, 2).put(256 * 240 - 18688, 30)
    one.put(1, 2).put(0, 1).put(0, 2).put(1, 1).put(0, 2)
    one.put(0, 1).put(0, -one.count % 8).put(0, 12 * (2 + 32 * 30 + 250 * 240)).put(0, -one.count % 8)
    header = Bits().put(1, 1).put(0, 5).put(1, 3).put(1, 1).put(1, 1)
    found = rejected(b"\xff\x0a" + header.all() + 3 * one.all())
    assert found.reason is Reason.BOMB and "parts of frames" in found.detail


def test_libjxl_is_imported_when_a_jpeg_xl_comes_and_not_before(tmp_path: Path) -> None:
    code = """
import sys
from lookalike.images import decode
for path in sys.argv[1:]:
    decode(open(path, "rb").read(), max_pixels=10**6)
    print(any(name.startswith("imagecodecs") for name in sys.modules))
"""
    paths = [tmp_path / kind for kind in ("JPEG", "JXL")]
    for path in paths:
        path.write_bytes(stored(scene(), path.name))
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["False", "True"]

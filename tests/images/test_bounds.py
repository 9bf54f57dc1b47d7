"""An image takes bounded memory and time, whatever it claims."""

import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from lookalike.errors import ImageRejected
from lookalike.images import decode
from lookalike.records import Reason
from tests.decoding.files import HEIGHT, WIDTH, difference, scene, seen, squeezed, stored
from tests.images.files import png, reason_for, survives


def test_a_header_that_claims_too_many_pixels_is_a_bomb() -> None:
    assert reason_for(png(50_000, 50_000, (b"IDAT", zlib.compress(bytes(1000))))) is Reason.BOMB


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL"])
def test_the_limit_on_pixels_holds_for_every_format(kind: str) -> None:
    data = stored(scene(), kind)
    decode(data, max_pixels=WIDTH * HEIGHT)
    with pytest.raises(ImageRejected) as caught:
        decode(data, max_pixels=WIDTH * HEIGHT - 1)
    assert caught.value.reason is Reason.BOMB


def test_only_the_limit_of_the_caller_applies() -> None:
    large = Image.new("L", (9500, 9500), 200)
    image = decode(stored(large, "TIFF", compression="tiff_lzw"), max_pixels=100_000_000)
    assert (image.width, image.height) == large.size
    assert (image.pixels == 200).all()


def test_a_webp_canvas_that_is_too_large_is_rejected_before_memory_is_allocated() -> None:
    canvas = b"\x02\0\0\0" + (65_534).to_bytes(3, "little") * 2
    chunk = b"VP8X" + struct.pack("<I", 10) + canvas
    assert reason_for(b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk) is Reason.BOMB


def test_a_text_that_unpacks_to_a_hundred_megabytes_is_not_unpacked() -> None:
    text = b"comment\0\0" + zlib.compress(bytes(100_000_000))
    rows = zlib.compress(bytes(10 * 31))
    assert survives(png(10, 10, (b"zTXt", text), (b"IDAT", rows), (b"IEND", b""))) is None


def test_a_long_text_in_a_png_does_no_harm() -> None:
    information = PngImagePlugin.PngInfo()
    information.add_text("parameters", "a long prompt " * 1000, zip=True)
    assert difference(seen(stored(scene(), "PNG", pnginfo=information)).pixels, squeezed(scene())) < 1

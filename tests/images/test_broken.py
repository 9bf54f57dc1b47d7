"""A broken image is rejected with a reason."""

import zlib

import numpy as np
import pytest
from PIL import Image

from lookalike.records import Reason
from tests.decoding.files import scene, stored
from tests.images.files import BROKEN, png, reason_for, survives


def test_no_bytes_are_rejected_as_empty() -> None:
    assert reason_for(b"") is Reason.EMPTY


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"BM is how this text begins, and it is not a image",
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40),
        b"P6 1 1 255 abc",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0",
    ],
)
def test_other_content_is_rejected_as_unsupported(data: bytes) -> None:
    assert reason_for(data) is Reason.UNSUPPORTED


@pytest.mark.parametrize("width, height", [(0, 10), (10, 0)])
def test_an_image_without_pixels_is_corrupt(width: int, height: int) -> None:
    assert reason_for(png(width, height, (b"IDAT", zlib.compress(b"")), (b"IEND", b""))) is Reason.CORRUPT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "TIFF lzw", "AVIF", "HEIF", "JXL"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_image_that_is_cut_anywhere_is_rejected_with_a_reason(kind: str) -> None:
    name, _, compression = kind.partition(" ")
    options = {"compression": f"tiff_{compression}"} if compression else {}
    data = stored(scene().resize((80, 50)), name, **options)
    found = [survives(data[:end]) for end in range(0, len(data), 10 if len(data) < 8000 else 40)]
    assert set(found) <= BROKEN | {None}
    # A cut in the middle is recognized as truncation; a cut in the first bytes cannot be.
    assert found[len(found) // 2] is Reason.TRUNCATED
    assert found.count(Reason.TRUNCATED) > 0.9 * len(found)


def test_a_damaged_image_with_its_end_is_corrupt() -> None:
    data = bytearray(stored(scene(), "PNG"))
    middle = data.index(b"IDAT") + 4
    data[middle : middle + 40] = bytes(40)
    assert reason_for(bytes(data)) is Reason.CORRUPT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "TIFF lzw", "AVIF", "HEIF", "JXL"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_flipped_bytes_never_raise_anything_else(kind: str) -> None:
    chance = np.random.default_rng(20)
    name, _, compression = kind.partition(" ")
    options = {"compression": f"tiff_{compression}"} if compression else {}
    data = stored(scene().resize((64, 40)), name, **options)
    found = set()
    for turn in range(150):
        broken = bytearray(data)
        # Headers are where parsers break, so that every other time only they are hit.
        reach = len(broken) if turn % 2 else min(len(broken), 200)
        for at in chance.integers(0, reach, size=1 + turn % 8):
            broken[at] = chance.integers(256)
        found.add(survives(bytes(broken)))
    assert found <= BROKEN | {None}
    assert len(found) > 1


def test_random_bytes_after_a_valid_beginning_are_rejected() -> None:
    chance = np.random.default_rng(21)
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL"):
        start = stored(Image.new("RGB", (8, 8)), kind)[:20]
        for _ in range(5):
            assert survives(start + chance.bytes(500)) in BROKEN | {None}

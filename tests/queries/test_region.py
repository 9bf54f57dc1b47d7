"""A region names the same part of an image however the image is stored."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from lookalike import images
from lookalike.decoding.readers import UPRIGHT
from lookalike.errors import BadQuery, ImageRejected
from lookalike.queries.region import Region, parse_region
from lookalike.records import Reason

#: Transpose operation -> the one that undoes it.
INVERSE = {
    Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
    Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
}
WIDTH, HEIGHT, SIDE = 640, 400, 32
MAX_PIXELS = 10**6


def upright() -> Image.Image:
    """Smooth, and different in every part."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    channels = (255 * across / WIDTH, 255 * down / HEIGHT, 127 + 100 * np.sin(across / 60) * np.cos(down / 45))
    return Image.fromarray(np.stack(channels, axis=2).astype(np.uint8))


def stored(kind: str, orientation: int) -> bytes:
    image = upright()
    if orientation in UPRIGHT:
        image = image.transpose(INVERSE.get(UPRIGHT[orientation], UPRIGHT[orientation]))
    exif, file = Image.Exif(), BytesIO()
    exif[0x0112] = orientation
    image.save(file, kind, exif=exif, **({"quality": 100, "subsampling": 0} if kind == "JPEG" else {}))
    return file.getvalue()


def expected(box: tuple[int, int, int, int]) -> np.ndarray:
    return np.asarray(upright().crop(box).resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.int16)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("text", ["40,30,90,70", "100,100,400,200", "pct:50,50,50,50", "600,0,500,9"])
def test_a_region_is_what_one_sees_there(kind: str, orientation: int, text: str) -> None:
    region = parse_region(text)
    decoded = images.decode_region(stored(kind, orientation), region, max_pixels=MAX_PIXELS, size=SIDE)
    assert (decoded.width, decoded.height) == (WIDTH, HEIGHT)
    wrong = np.abs(decoded.pixels - expected(region.box((WIDTH, HEIGHT))))
    # A JPEG may be decoded at a half of its size.
    assert wrong.max() <= (1 if kind == "PNG" else 12) and wrong.mean() < (0.3 if kind == "PNG" else 2)


def test_the_whole_image_as_a_region_is_the_image() -> None:
    whole = images.decode(stored("PNG", 6), max_pixels=MAX_PIXELS, size=SIDE)
    region = images.decode_region(stored("PNG", 6), parse_region("pct:0,0,100,100"), max_pixels=MAX_PIXELS, size=SIDE)
    assert np.array_equal(whole.pixels, region.pixels)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("0,0,1,1", (0, 0, 1, 1)),
        ("639.5,399,9,9", (639, 399, 640, 400)),
        ("pct:10,10,0.01,0.01", (64, 40, 65, 41)),
        ("pct:0,0,100,100", (0, 0, 640, 400)),
        ("10,20,30,40", (10, 20, 40, 60)),
    ],
)
def test_a_region_takes_the_pixels_that_it_touches(text: str, box: tuple[int, int, int, int]) -> None:
    assert parse_region(text).box((WIDTH, HEIGHT)) == box


@pytest.mark.parametrize("text", ["640,0,10,10", "0,400,10,10", "pct:100,0,5,5", "9" * 20 + ",0,1,1"])
def test_a_region_outside_the_image_is_rejected(text: str) -> None:
    with pytest.raises(ImageRejected, match="outside the image of 640 x 400") as rejected:
        images.decode_region(stored("PNG", 1), parse_region(text), max_pixels=MAX_PIXELS, size=SIDE)
    assert rejected.value.reason is Reason.BAD_REGION


@pytest.mark.parametrize(
    "text",
    [
        *("", "1,2,3", "1,2,3,4,5", "-1,0,5,5", "a,b,c,d", "nan,0,1,1", "1e9,0,1,1", "pct:", "0,0,0,5", "0,0,5,0.0"),
        *("\u0661,\u0662,\u0663,\u0664", "1," * 60),
    ],
)
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parse_region(text)


@pytest.mark.parametrize("text", ["10,20,30,40", "pct:0.5,1,99,12.25"])
def test_a_region_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_region(text)) == text
    assert parse_region(str(parse_region(text))) == parse_region(text)


def test_a_region_of_numbers_with_many_digits_stays_itself() -> None:
    region = Region(0.1 + 0.2, 1 / 3, 12345678.875, 1)
    assert abs(parse_region(str(region)).x - region.x) < 1e-12

"""A thumbnail shows a small image."""

import io

import pytest
from PIL import Image

from lookalike import formats
from lookalike.errors import ImageRejected
from lookalike.images import thumbnail
from tests.decoding.files import HEIGHT, MAX_PIXELS, WIDTH, difference, scene, squeezed, stored
from tests.images.files import STORED


def small(data: bytes, size: int) -> Image.Image:
    """The thumbnail as a Pillow image."""
    opened = Image.open(io.BytesIO(thumbnail(data, max_pixels=MAX_PIXELS, size=size)))
    assert (opened.format, opened.mode) == ("JPEG", "RGB")
    return opened


@pytest.mark.parametrize("kind", formats.FORMATS)
def test_a_thumbnail_shows_the_scene(kind: str) -> None:
    image = small(stored(scene(), kind), 80)
    assert image.size == (80, 50)
    assert difference(squeezed(image), squeezed(scene().resize((80, 50)))) < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[formats.ORIENTATION] = orientation
    image = small(stored(STORED[orientation](scene()), "JPEG", exif=exif), 160)
    assert image.size == (160, 100)
    assert difference(squeezed(image), squeezed(scene())) < 8


def test_a_thumbnail_is_never_enlarged_and_has_at_least_one_pixel() -> None:
    assert small(stored(scene(), "PNG"), 1024).size == (WIDTH, HEIGHT)
    assert small(stored(Image.new("RGB", (1, 3000)), "PNG"), 32).size == (1, 32)
    assert small(stored(Image.new("L", (3000, 2000), 90), "JPEG"), 32).size == (32, 21)


def test_transparent_parts_of_a_thumbnail_are_white() -> None:
    assert small(stored(Image.new("RGBA", (50, 50)), "PNG"), 32).getpixel((9, 9)) == (255, 255, 255)


@pytest.mark.parametrize("data", [b"", b"text", stored(scene(), "JPEG")[:900]])
def test_a_thumbnail_of_undecodable_bytes_is_rejected(data: bytes) -> None:
    with pytest.raises(ImageRejected):
        thumbnail(data, max_pixels=MAX_PIXELS, size=64)
    with pytest.raises(ImageRejected, match="bomb"):
        thumbnail(stored(scene(), "PNG"), max_pixels=1000, size=64)

"""Every supported format shows what it holds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.images import decode
from tests.decoding.files import HEIGHT, MAX_PIXELS, WIDTH, difference, scene, seen, squeezed, stored


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL"])
def test_every_supported_format_shows_the_scene(kind: str) -> None:
    image = seen(stored(scene(), kind))
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert image.pixels.shape == (224, 224, 3)
    assert image.pixels.dtype == np.uint8
    assert difference(image.pixels, squeezed(scene())) < (6 if kind == "GIF" else 2.5)


def test_a_large_jpeg_decoded_at_a_scale_looks_the_same() -> None:
    large = scene().resize((WIDTH * 9, HEIGHT * 9))
    image = seen(stored(large, "JPEG", quality=95))
    assert (image.width, image.height) == large.size
    assert difference(image.pixels, squeezed(large)) < 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "HEIF"])
def test_the_first_frame_of_an_animation_is_used(kind: str) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "lime", "blue")]
    pixels = seen(stored(frames[0], kind, save_all=True, append_images=frames[1:])).pixels
    assert difference(pixels, squeezed(frames[0])) < 3


def test_the_content_decides_the_format_and_the_size_is_as_asked(tmp_path: Path) -> None:
    misnamed = tmp_path / "image.jpg"
    scene().save(misnamed, "PNG")
    assert decode(misnamed.read_bytes(), max_pixels=MAX_PIXELS, size=96).pixels.shape == (96, 96, 3)


def test_an_image_of_one_pixel_decodes() -> None:
    assert (seen(stored(Image.new("RGB", (1, 1), "teal"), "PNG")).pixels == (0, 128, 128)).all()

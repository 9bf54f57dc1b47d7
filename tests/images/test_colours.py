"""Other colour spaces, depths and transparent parts look as people expect."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.decoding.files import HEIGHT, WIDTH, difference, scene, seen, squeezed, stored
from tests.images.files import survives


@pytest.mark.parametrize("mode", ["CMYK", "L"])
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_other_colour_spaces_look_like_rgb(mode: str, kind: str) -> None:
    large = scene().resize((WIDTH * 5, HEIGHT * 5)).convert(mode)
    assert difference(seen(stored(large, kind)).pixels, squeezed(large)) < 2.5


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_looks_like_eight_bit_grey(kind: str) -> None:
    grey = scene().convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert deep.mode == "I;16"
    assert difference(seen(stored(deep, kind)).pixels, squeezed(grey)) < 1


def test_big_endian_sixteen_bit_grey_looks_like_eight_bit_grey() -> None:
    grey = scene().convert("L")
    deep = Image.frombytes("I;16B", grey.size, (np.asarray(grey).astype(">u2") * 257).tobytes())
    data = stored(deep, "TIFF")
    assert Image.open(io.BytesIO(data)).mode == "I;16B"
    assert difference(seen(data).pixels, squeezed(grey)) < 1


@pytest.mark.parametrize(
    "white, dtype", [(1, np.float32), (255, np.float32), (65535, np.float32), (255, np.int32), (65535, np.int32)]
)
def test_thirty_two_bit_grey_is_scaled_to_its_white(white: int, dtype: type) -> None:
    grey = scene().convert("L")
    levels = np.asarray(grey) / 255 * white
    assert difference(seen(stored(Image.fromarray(levels.astype(dtype)), "TIFF")).pixels, squeezed(grey)) < 2


def test_nan_values_do_not_spoil_an_image() -> None:
    levels = np.asarray(scene().convert("L")).astype(np.float32)
    levels[:20] = np.nan
    assert (
        difference(seen(stored(Image.fromarray(levels), "TIFF")).pixels[40:], squeezed(scene().convert("L"))[40:]) < 1
    )
    levels[:20], levels[20:40] = np.inf, -np.inf
    assert survives(stored(Image.fromarray(levels), "TIFF")) is None


def test_one_bit_images_keep_black_and_white() -> None:
    pixels = seen(stored(scene().convert("1"), "PNG")).pixels
    assert difference(pixels, squeezed(scene().convert("1").convert("L"))) < 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_become_white(mode: str) -> None:
    image = scene().convert(mode)
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (0, 0, WIDTH // 2, HEIGHT))
    image.putalpha(alpha)
    pixels = seen(stored(image, "PNG")).pixels
    assert (pixels[:, :110] == 255).all()
    assert difference(pixels[:, 114:], squeezed(scene().convert(mode))[:, 114:]) < 1


def test_half_transparent_black_becomes_grey() -> None:
    pixels = seen(stored(Image.new("RGBA", (50, 50), (0, 0, 0, 128)), "PNG")).pixels
    assert difference(pixels, np.full_like(pixels, 127)) <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_becomes_white(kind: str) -> None:
    image = Image.new("P", (100, 100), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (50, 0, 100, 100))
    pixels = seen(stored(image, kind, transparency=0)).pixels
    assert (pixels[:, :108] == 255).all()
    assert (pixels[:, 116:] == (0, 0, 255)).all()


@pytest.mark.parametrize("mode, key", [("L", 0), ("RGB", (0, 0, 0))])
def test_the_transparent_colour_of_an_image_without_alpha_becomes_white(mode: str, key: object) -> None:
    assert (seen(stored(Image.new(mode, (40, 40)), "PNG", transparency=key)).pixels == 255).all()

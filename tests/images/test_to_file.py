"""An image in memory becomes a file that shows the same."""

import io

import numpy as np
import pytest
from PIL import Image

from lookalike import formats
from lookalike.errors import ImageRejected
from lookalike.images import to_file
from tests.decoding.files import scene, seen, stored
from tests.images.files import STORED

#: A ramp from black to white in every mode that a PIL image can have.
RAMPS = {
    mode: Image.linear_gradient("L").convert("RGB").convert(mode)
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "RGBX", "I", "F")
} | {
    "LA": Image.linear_gradient("L").convert("LA"),
    "PA": Image.linear_gradient("L").convert("RGBA").convert("P").convert("PA"),
    "RGBa": Image.linear_gradient("L").convert("RGBA").convert("RGBa"),
    "I;16": Image.fromarray(np.asarray(Image.linear_gradient("L")).astype(np.uint16) * 257),
}


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("mode", RAMPS)
def test_an_image_of_any_mode_becomes_a_file(mode: str, compressed: bool) -> None:
    image = RAMPS[mode]
    decoded = seen(to_file(image, compressed=compressed))
    assert image.mode == mode and (decoded.width, decoded.height) == image.size
    assert decoded.pixels[:20].mean() < 30 and decoded.pixels[-20:].mean() > 225


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_that_is_made_of_an_image_shows_the_same_pixels(compressed: bool) -> None:
    assert np.array_equal(seen(to_file(scene(), compressed=compressed)).pixels, seen(stored(scene(), "PNG")).pixels)


#: Grey values that are not smooth, so that the order of scaling and levelling matters.
NOISE = np.random.default_rng(0).integers(0, 4096, (480, 640))
DEEP = {
    "I;16": NOISE.astype("<u2"),
    "I;16L": NOISE.astype("<u2"),
    "I;16B": NOISE.astype(">u2"),
    "I": (NOISE * 100).astype("<i4"),
    "F": (NOISE / 4096).astype("<f4"),
}


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("mode", DEEP)
def test_deep_grey_has_the_same_levels_as_its_file(mode: str, compressed: bool) -> None:
    image = Image.frombytes(mode, (640, 480), DEEP[mode].tobytes())
    from_file = seen(stored(image, "TIFF")).pixels
    assert np.array_equal(seen(to_file(image, compressed=compressed)).pixels, from_file)
    assert from_file.std() > 0


def test_grey_of_the_byte_order_of_the_machine_becomes_a_file() -> None:
    image = Image.frombytes("I;16N", (640, 480), NOISE.astype("=u2").tobytes())
    expected = seen(to_file(Image.fromarray(NOISE.astype(np.uint16)), compressed=True)).pixels
    assert np.array_equal(seen(to_file(image, compressed=True)).pixels, expected)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("mode", ["I", "F"])
def test_the_orientation_of_deep_grey_is_kept(mode: str, compressed: bool) -> None:
    exif = Image.Exif()
    exif[formats.ORIENTATION] = 6
    image = Image.frombytes(mode, (640, 480), DEEP[mode].tobytes())
    upright = seen(to_file(image.transpose(Image.Transpose.ROTATE_270), compressed=compressed))
    image.info["exif"] = exif.tobytes()
    turned = seen(to_file(image, compressed=compressed))
    assert (turned.width, turned.height) == (upright.width, upright.height) == (480, 640)
    assert np.abs(turned.pixels.astype(int) - upright.pixels).max() <= 1


@pytest.mark.parametrize("orientation", STORED)
def test_the_orientation_of_an_opened_image_is_kept(orientation: int) -> None:
    exif = Image.Exif()
    exif[formats.ORIENTATION] = orientation
    data = stored(STORED[orientation](scene()), "PNG", exif=exif)
    with Image.open(io.BytesIO(data)) as opened:
        for compressed in (True, False):
            assert np.array_equal(seen(to_file(opened, compressed=compressed)).pixels, seen(data).pixels)


def test_an_image_that_breaks_while_it_is_loaded_is_rejected() -> None:
    with Image.open(io.BytesIO(stored(scene(), "JPEG")[:2000])) as opened, pytest.raises(ImageRejected):
        to_file(opened, compressed=True)

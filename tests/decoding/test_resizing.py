"""With SIMD instructions an image is scaled to what Pillow makes of it, within one level."""

import platform
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from lookalike.decoding.resizing import HAS_SIMD, REDUCING_GAP, resized, with_pillow
from tests.decoding.files import scene

#: Model inputs, and a thumbnail of one row.
WANTED = [(224, 224), (299, 299), (160, 1)]
#: Smaller and larger than wanted, of one row or column, and at the limit from which Pillow averages boxes.
SIZES = [(175, 175), (224, 224), (500, 375), (667, 1000), (1343, 1343), (1, 1), (1, 960), (960, 1), (13, 1301)]
CHANNELS = {"L": 1, "RGB": 3, "CMYK": 4}


def drawn(kind: str, mode: str, size: tuple[int, int]) -> Image.Image:
    width, height = size
    noise = np.random.default_rng(width * height).integers(0, 256, (height, width, CHANNELS[mode]), np.uint8)
    if kind == "checkerboard":
        noise[...] = (np.indices((height, width)).sum(axis=0) % 2 * 255)[..., None]
    elif kind == "black and white":
        noise = (noise > 127).astype(np.uint8) * 255
    return Image.frombytes(mode, size, noise.tobytes())


def most_levels(one: Image.Image, other: Image.Image) -> int:
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(other)).max())


def test_simd_is_used_wherever_there_is_a_wheel() -> None:
    """A new version of Pillow or of the library is compared before it is used: see `_COMPARED`."""
    assert (sys.platform == "linux" and platform.machine() != "x86_64") or HAS_SIMD


@pytest.mark.parametrize("mode", CHANNELS)
@pytest.mark.parametrize("kind", ["noise", "checkerboard", "black and white"])
def test_no_value_differs_by_more_than_a_level(kind: str, mode: str) -> None:
    for size in SIZES:
        image = drawn(kind, mode, size)
        for wanted in WANTED:
            small = resized(image, wanted)
            assert (small.mode, small.size) == (mode, wanted)
            assert most_levels(small, with_pillow(image, wanted)) <= 1, (size, wanted)


def test_opacity_and_large_images_are_left_to_pillow() -> None:
    clear = scene()
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    large = scene().resize((int(2 * REDUCING_GAP * 224), 300))
    for image in (clear, large):
        assert most_levels(resized(image, (224, 224)), with_pillow(image, (224, 224))) == 0


def test_an_image_smaller_than_it_says_is_not_read_beyond_its_end() -> None:
    image = scene()
    image._size = (image.width, 2 * image.height)
    with pytest.raises(ValueError, match="original image size"):
        resized(image, (224, 224))


def test_threads_do_not_disturb_each_other() -> None:
    images = [drawn("noise", "RGB", (175 + number, 300)) for number in range(8)]
    alone = [resized(image, (224, 224)) for image in images]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda image: resized(image, (224, 224)), images * 4))
    assert max(most_levels(one, other) for one, other in zip(alone * 4, together, strict=True)) == 0

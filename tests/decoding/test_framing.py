"""What a model sees of an image is what its authors' steps give: resized to a shorter side, and the middle cut out."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from lookalike import images
from lookalike.decoding.resizing import REDUCING_GAP
from lookalike.queries.region import parse_region
from lookalike.records import WHOLE, Filter, Framing
from tests.queries.test_region import HEIGHT, MAX_PIXELS, SIDE, WIDTH, stored, upright


def as_authors_do(image: Image.Image, framing: Framing, side: int) -> np.ndarray:
    """The steps of CLIPImageProcessor, and of DeiTImageProcessor for a framing that is squeezed."""
    around = round(side / (framing.crop or 1))
    shorter = min(image.size)
    size = [around if framing.is_squeezed else int(around * length / shorter) for length in image.size]
    resized = image.resize((size[0], size[1]), Image.Resampling[framing.filter.name], reducing_gap=REDUCING_GAP)
    left, top = ((length - side) // 2 for length in size)
    return np.asarray(resized.crop((left, top, left + side, top + side)), np.int16)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_middle_is_what_the_authors_see_however_an_image_is_stored(kind: str, orientation: int) -> None:
    for framing in (Framing(Filter.BICUBIC, 28 / 32), Framing(crop=1.0), Framing(Filter.LANCZOS, 0.8, True)):
        decoded = images.decode(stored(kind, orientation), max_pixels=MAX_PIXELS, size=SIDE, framing=framing)
        assert (decoded.width, decoded.height) == (WIDTH, HEIGHT)
        wrong = np.abs(decoded.pixels - as_authors_do(upright(), framing, SIDE))
        # Rows and columns are the other way round in a turned image; a JPEG may be decoded at a half of its size.
        assert wrong.max() <= (2 if kind == "PNG" else 12) and wrong.mean() < (0.5 if kind == "PNG" else 2), framing


@pytest.mark.parametrize("filter", list(Filter))
def test_each_filter_is_that_of_pillow(filter: Filter) -> None:
    image = Image.effect_noise((90, 60), 80).convert("RGB")
    file = BytesIO()
    image.save(file, "PNG")
    framing = Framing(filter, 0.5)
    decoded = images.decode(file.getvalue(), max_pixels=MAX_PIXELS, size=SIDE, framing=framing)
    np.testing.assert_array_equal(decoded.pixels, as_authors_do(image, framing, SIDE))


def test_a_region_is_seen_as_an_image_of_its_own() -> None:
    framing = Framing(Filter.BICUBIC, 0.875)
    for orientation in (1, 6):
        decoded = images.decode_region(
            stored("PNG", orientation), parse_region("40,30,300,210"), max_pixels=MAX_PIXELS, size=SIDE, framing=framing
        )
        alone = as_authors_do(upright().crop((40, 30, 340, 240)), framing, SIDE)
        assert np.abs(decoded.pixels - alone).max() <= 3


def test_an_image_of_one_row_has_a_middle() -> None:
    for size in ((500, 1), (1, 500), (1, 1)):
        file = BytesIO()
        Image.new("RGB", size, "red").save(file, "PNG")
        decoded = images.decode(file.getvalue(), max_pixels=MAX_PIXELS, size=SIDE, framing=Framing(crop=0.5))
        assert (decoded.pixels == (255, 0, 0)).all() and decoded.pixels.shape == (SIDE, SIDE, 3)


def test_nothing_of_it_is_left_to_a_gpu() -> None:
    """A model process would see the whole image."""
    data = stored("JPEG", 1)
    left = images.decode(data, max_pixels=MAX_PIXELS, size=SIDE, largest=1000, left_from=1)
    seen = images.decode(data, max_pixels=MAX_PIXELS, size=SIDE, largest=1000, left_from=1, framing=Framing(crop=0.5))
    assert left.left is not None and seen.left is None and seen.pixels.shape == (SIDE, SIDE, 3)
    usual = images.decode(data, max_pixels=MAX_PIXELS, size=SIDE, framing=WHOLE)
    np.testing.assert_array_equal(usual.pixels, images.decode(data, max_pixels=MAX_PIXELS, size=SIDE).pixels)

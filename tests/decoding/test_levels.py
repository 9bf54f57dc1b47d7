"""Pixels of more than 8 bits keep their look, and a few pixels do not decide over the others."""

import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike.decoding.levels import range_of
from tests.decoding.files import HEIGHT, WIDTH, chunk, difference, scene, seen, squeezed, stored

GREY = np.asarray(scene().convert("L"))


def shown(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    return seen(stored(Image.fromarray(values), "TIFF")).pixels


@pytest.mark.parametrize(
    "odd",
    [1.01, 2.0, 300.0, 70_000.0, 1e30, -0.01, -5.0, -1e30, np.nan, np.inf, -np.inf],
    ids=lambda value: f"{value:g}",
)
@pytest.mark.parametrize("scale", [1, 255, 65_535, 1e6])
def test_a_few_odd_values_change_nothing_else(scale: float, odd: float) -> None:
    values = (GREY / 255 * scale).astype(np.float32)
    before = shown(values)
    values[100, 100:110] = odd * scale
    after = shown(values)
    # Far from the odd pixels nothing changes at all.
    assert np.array_equal(after[:100], before[:100])
    assert difference(after, before) < 0.2


@pytest.mark.parametrize("odd", [2**31 - 1, -(2**31), 70_000, -1])
@pytest.mark.parametrize("scale", [1, 257])
def test_a_few_odd_integers_change_nothing_else(scale: int, odd: int) -> None:
    values: NDArray[np.int32] = GREY.astype(np.int32) * scale
    before = shown(values)
    values[100, 100:110] = odd
    assert np.array_equal(shown(values)[:100], before[:100])


def test_one_highlight_of_a_tiny_image_does_not_count() -> None:
    values = np.full((4, 4), 0.5, np.float32)
    before = shown(values)
    values[0, 0] = 1e6
    assert np.array_equal(shown(values)[150:, 150:], before[150:, 150:])


def test_white_grows_without_jumps() -> None:
    brightness = np.geomspace(0.01, 1e7, 4000)
    white = np.array([range_of(Image.fromarray(np.full((2, 2), level, np.float32)))[1] for level in brightness])
    assert (np.diff(np.log(white)) >= 0).all()
    assert np.diff(np.log(white)).max() < 0.02
    assert (white >= brightness * 0.9999).all()


def test_values_below_zero_are_shown_when_there_are_many() -> None:
    """Heights, or the numbers of a tomograph."""
    levels = shown(np.linspace(-1000, 3000, 400, dtype=np.float32)[np.newaxis].repeat(400, 0))[0, :, 0].astype(int)
    assert levels[0] < 5 and levels[-1] > 150
    assert (np.diff(levels) >= 0).all() and levels[56] > 30


def test_an_image_without_any_number_is_black() -> None:
    assert (shown(np.full((9, 9), np.nan, np.float32)) == 0).all()


def test_sixteen_bits_with_a_sign_look_like_thirty_two() -> None:
    values: NDArray[np.uint16] = GREY.astype(np.uint16) * 100
    data = stored(Image.fromarray(values), "TIFF", tiffinfo={339: 2})
    assert np.array_equal(seen(data).pixels, shown(values.astype(np.int32)))


@pytest.mark.parametrize("dtype, scale", [(np.uint16, 257), (np.float32, 1 / 255)])
def test_white_is_zero_where_the_file_says_so(dtype: type, scale: float) -> None:
    values: NDArray[np.generic] = ((255 - GREY.astype(np.float64)) * scale).astype(dtype)
    data = stored(Image.fromarray(values), "TIFF")
    entry = struct.pack("<HHIH", 262, 3, 1, 1)
    assert data.count(entry) == 1
    inverted = data.replace(entry, struct.pack("<HHIH", 262, 3, 1, 0))
    assert difference(seen(inverted).pixels, squeezed(scene().convert("L"))) < 1.5


def deep_png(colour_type: int, samples: NDArray[np.uint16], *more: bytes) -> bytes:
    """A PNG of 16 bits: uint16 [H, W, samples]."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], 16, colour_type, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(rows, 1)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


ALPHA = (
    np.where(np.arange(WIDTH) < WIDTH // 2, 0, 65_535).astype(np.uint16)[np.newaxis].repeat(HEIGHT, 0)[..., np.newaxis]
)
DEEP_RGB = np.asarray(scene()).astype(np.uint16) * 257
DEEP_GREY = GREY.astype(np.uint16)[..., np.newaxis] * 257


@pytest.mark.parametrize("colour_type, samples", [(0, DEEP_GREY), (2, DEEP_RGB)])
def test_a_png_of_sixteen_bits_looks_like_one_of_eight(colour_type: int, samples: NDArray[np.uint16]) -> None:
    expected = squeezed(scene() if colour_type == 2 else scene().convert("L"))
    assert difference(seen(deep_png(colour_type, samples)).pixels, expected) < 1


@pytest.mark.parametrize("colour_type, samples", [(4, DEEP_GREY), (6, DEEP_RGB)])
def test_transparent_parts_of_sixteen_bits_become_white(colour_type: int, samples: NDArray[np.uint16]) -> None:
    pixels = seen(deep_png(colour_type, np.concatenate([samples, ALPHA], axis=2))).pixels
    assert (pixels[:, :110] == 255).all()
    expected = squeezed(scene() if colour_type == 6 else scene().convert("L"))
    assert difference(pixels[:, 114:], expected[:, 114:]) < 1


def test_the_transparent_value_of_sixteen_bits_becomes_white() -> None:
    samples = DEEP_GREY.copy()
    samples[:, : WIDTH // 2] = 12_345
    pixels = seen(deep_png(0, samples, chunk(b"tRNS", struct.pack(">H", 12_345)))).pixels
    assert (pixels[:, :110] == 255).all()
    assert difference(pixels[:, 114:], squeezed(scene().convert("L"))[:, 114:]) < 1


def test_an_image_in_bands_has_no_seams() -> None:
    """More pixels than are converted at a time."""
    values = np.linspace(0, 1, 1500, dtype=np.float32)[:, np.newaxis].repeat(1500, 1)
    levels = shown(values)[..., 0].astype(int)
    assert (np.abs(np.diff(levels, axis=0)) <= 2).all() and levels[0, 0] < 2 and levels[-1, 0] > 253

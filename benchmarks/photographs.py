"""Draws images that resemble photographs, with NumPy: soft light, edges, texture and noise."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Megapixels -> width and height of common camera sensors.
SIZES = {12: (4000, 3000), 50: (8160, 6120), 200: (16320, 12240)}
#: JPEG quality of cameras; a file then has about 3 to 6 bits per pixel.
QUALITY = 90
#: The energy of a photograph falls with the square of the frequency: each octave has half the previous amplitude.
OCTAVES = 8
#: Standard deviation of a sensor's noise at moderate light, in grey levels.
NOISE_LEVELS = 3.0
EDGES = 60


def photograph(width: int, height: int, seed: int = 0) -> Image.Image:
    """An RGB image that depends only on the arguments."""
    rng = np.random.default_rng(seed)
    light = np.full((height, width, 3), 40.0, np.float32)
    for octave in range(OCTAVES):
        light += _octave(rng, width, height, 2 ** (octave + 1)) * np.float32(0.5**octave)
    _add_edges(light, rng)
    light += rng.standard_normal((height, width, 1), dtype=np.float32) * np.float32(NOISE_LEVELS)
    return Image.fromarray(light.clip(0, 255).astype(np.uint8))


def mosaic(width: int, height: int, tile: Image.Image) -> Image.Image:
    """An image of any size, made of copies of the tile. Drawing such an image would take minutes."""
    pixels: NDArray[np.uint8] = np.asarray(tile)
    repeats = (-(-height // pixels.shape[0]), -(-width // pixels.shape[1]), 1)
    return Image.fromarray(np.ascontiguousarray(np.tile(pixels, repeats)[:height, :width]))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of the file; `kind` and `options` are those of Pillow."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _octave(rng: np.random.Generator, width: int, height: int, cells: int) -> NDArray[np.float32]:
    """Smooth noise with this many cells in each direction, 0 to 140 grey levels, with little colour."""
    coarse = 100 * rng.random((cells, cells, 1)) + 40 * rng.random((cells, cells, 3))
    channels = (Image.fromarray(coarse[..., channel].astype(np.float32)) for channel in range(3))
    resized = [np.asarray(each.resize((width, height), Image.Resampling.BICUBIC)) for each in channels]
    return np.stack(resized, axis=-1)


def _add_edges(light: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Add rectangles that darken or brighten the image below them."""
    height, width = light.shape[:2]
    for _ in range(EDGES):
        top, left = int(rng.integers(height)), int(rng.integers(width))
        tall, wide = rng.integers(1, max(2, height // 6)), rng.integers(1, max(2, width // 6))
        light[top : top + tall, left : left + wide] *= rng.uniform(0.4, 1.5, size=3).astype(np.float32)

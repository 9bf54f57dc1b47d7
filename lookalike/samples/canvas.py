"""The plane of a sample image: coordinates, noise, blending and light."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: float32, shape [H, W].
Field = NDArray[np.float32]
#: float32, shape [3, H, W], red, green and blue in 0..1: whole planes, because NumPy is slow on rows of three.
Planes = NDArray[np.float32]


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    @property
    def short(self) -> int:
        return min(self)


def plane(size: Size, turn: float = 0.0) -> tuple[Field, Field]:
    """x and y of every pixel, in short sides from the centre, turned by `turn` radians."""
    x = ((np.arange(size.width) - size.width / 2) / size.short).astype(np.float32)[None, :]
    y = ((np.arange(size.height) - size.height / 2) / size.short).astype(np.float32)[:, None]
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return x * cosine + y * sine, y * cosine - x * sine


def rise(low: float, high: float, value: Field) -> Field:
    """0 below `low`, 1 above `high`, smooth between; with low above high it falls."""
    step = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(step * step * (3 - 2 * step), np.float32)


def length(x: Field, y: Field) -> Field:
    """The distance of (x, y) from the origin; several times as fast as `np.hypot`."""
    return np.sqrt(x * x + y * y)


def wrapped(value: Field, period: int = 1) -> Field:
    """`value` modulo `period`; several times as fast as `%`."""
    return np.asarray(value - np.float32(period) * np.floor(value / np.float32(period)), np.float32)


def spread(layer: Planes) -> Planes:
    """A colour [3] as an image [3, 1, 1] that broadcasts; an image as it is."""
    return layer[:, None, None] if layer.ndim == 1 else layer


def blend(below: Planes, above: Planes, opacity: Field) -> Planes:
    """`above` over `below`; each is an image or one colour [3]."""
    under = spread(below)
    mixed = (spread(above) - under) * opacity
    mixed += under
    return mixed


def enlarged(values: NDArray[np.floating], size: Size) -> Field:
    """A small field of values spread smoothly over the whole image."""
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.float32)


def noise(
    rng: np.random.Generator, size: Size, cells: float, octaves: int = 4, stretch: float = 1.0, decay: float = 0.5
) -> Field:
    """Fractal noise in 0..1: about `cells` blobs along the short side, drawn out `stretch` times horizontally."""
    total = np.zeros((size.height, size.width), np.float32)
    for octave in range(octaves):
        unit = size.short / (cells * 2**octave)
        columns, rows = round(size.width / unit / stretch) + 2, round(size.height / unit) + 2
        total += np.float32(decay**octave) * enlarged(rng.random((rows, columns)), size)
    low, high = float(total.min()), float(total.max())
    return (total - np.float32(low)) / np.float32(max(high - low, 1e-6))


def skyline(rng: np.random.Generator, width: int, cells: float, octaves: int = 6, decay: float = 0.5) -> Field:
    """Jagged heights in about -1..1, one for each of `width` columns; shape [width]."""
    total = np.zeros(width)
    for octave in range(octaves):
        count = max(2, round(cells * 2**octave) + 2)
        place = np.linspace(0, count - 2, width) + rng.random()
        total += decay**octave * np.interp(place, np.arange(count), rng.uniform(-1, 1, count))
    return (total / 1.6).astype(np.float32)


def stamp(image: Planes, patch: Planes, opacity: Field, x: float, y: float) -> None:
    """Lays `patch` (an image [3, h, w] or a colour [3]) on `image`, in place, centred on pixel (x, y)."""
    height, width = opacity.shape
    left, top = round(x - width / 2), round(y - height / 2)
    columns = slice(max(0, -left), min(width, image.shape[2] - left))
    rows = slice(max(0, -top), min(height, image.shape[1] - top))
    if columns.start >= columns.stop or rows.start >= rows.stop:
        return
    target = image[:, top + rows.start : top + rows.stop, left + columns.start : left + columns.stop]
    source = patch[:, rows, columns] if patch.ndim == 3 else patch[:, None, None]
    target += (source - target) * opacity[rows, columns]


def lit(rng: np.random.Generator, image: Planes) -> Image.Image:
    """The image under a light of its own: from a side, warm or cool, with a dim rim and fine grain."""
    x, y = plane(Size(image.shape[2], image.shape[1]), rng.uniform(0, 2 * np.pi))
    light = 1 + np.float32(rng.uniform(0, 0.3)) * x - np.float32(rng.uniform(0, 0.3)) * (x * x + y * y)
    tint = (1 + np.array([1, 0, -1]) * rng.normal(0, 0.03)) * rng.uniform(0.9, 1.08) * 255
    shaded = image * light * spread(tint.astype(np.float32)) + np.float32(0.5)
    if rng.random() < 0.5:
        shaded += rng.standard_normal(x.shape, np.float32) * np.float32(rng.uniform(1, 5))
    levels = np.clip(shaded, 0, 255, out=shaded).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(levels.transpose(1, 2, 0)))

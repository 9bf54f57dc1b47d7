"""The colours of the sample images: palettes, and functions that colour a field with them."""

import numpy as np
from numpy.typing import NDArray

from lookalike.samples.canvas import Field, Planes, wrapped

#: float32, shape [N, 3], red, green and blue in 0..1.
Colours = NDArray[np.float32]

#: Entries of a colour table: four times the 256 levels of an image, so that no banding shows.
TABLE_STEPS = 1024


def colours(hexadecimals: str) -> Colours:
    """Colours [N, 3] from words like "ff8800 112233"."""
    words = [bytes.fromhex(word) for word in hexadecimals.split()]
    return np.array([list(word) for word in words], np.float32) / np.float32(255)


#: Palettes of patterns; each has dark and light colours, so that two neighbours always differ.
PALETTES = tuple(
    colours(words)
    for words in (
        "14213d f4a261 e76f51 fdf0d5 2a9d8f",
        "2b2d42 8d99ae edf2f4 d80032 f7b538",
        "264027 6f9a55 f2e8cf c44536 772e25",
        "0b3954 087e8b bfd7ea ff5a5f f9f4e8",
        "3d2c4d 8e6c8a f2d7ee d3a4c3 5d4e75",
        "10002b 7b2cbf e0aaff ff9e00 fff3d6",
        "1b1b1e f5f1e8 96031a faa916 6d676e",
        "003049 669bbc fdf0d5 c1121f 780000",
        "233d4d fe7f2d fcca46 a1c181 f4f3ee",
        "5f0f40 fb8b24 f6e7cb 0f4c5c e36414",
        "114b5f 1a936f 88d498 f3e9d2 c6dabf",
        "463f3a 8a817c f4f3ee e0afa0 bcb8b1",
        "0d1b2a 415a77 e0e1dd 778da9 d4a373",
        "6a040f dc2f02 ffba08 fff1c9 370617",
        "035e7b 7fb7be f7f0f5 dacc3e bc2c1a",
        "2d3142 ef8354 ffffff bfc0c0 4f5d75",
        "f72585 3a0ca3 4cc9f0 f8f7ff 4361ee",
        "31572c 90a955 ecf39e 4f772d fefae0",
        "582f0e b6ad90 f1ede1 7f4f24 656d4a",
        "ffafcc 4a5899 fdfcdc a2d2ff 7d5ba6",
    )
)


def turned(palette: Colours, angle: float) -> Colours:
    """The palette with its hues turned by `angle` radians about the grey axis."""
    grey = np.full((3, 3), 1 / 3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    rotation = np.cos(angle) * np.eye(3) + (1 - np.cos(angle)) * grey + np.sin(angle) * cross
    return np.asarray(np.clip(palette @ rotation.T, 0, 1), np.float32)


def any_of(rng: np.random.Generator, palettes: tuple[Colours, ...], drift: float = 0.12) -> Colours:
    """One of `palettes`, its hues drifted by about `drift` radians."""
    return turned(palettes[rng.integers(len(palettes))], float(rng.normal(0, drift)))


def contrasting(rng: np.random.Generator, fewest: int, most: int) -> Colours:
    """`fewest` to `most` colours of one palette, the first two far apart in brightness."""
    palette = any_of(rng, PALETTES, 0.25)
    order = np.argsort(palette.sum(axis=1))
    ends = rng.permutation([order[0], order[-1 - rng.integers(2)]])
    rest = rng.permutation([index for index in order if index not in ends])
    count = rng.integers(fewest, most + 1)
    return np.asarray(palette[np.concatenate([ends, rest])[:count]], np.float32)


def pick(table: Colours, index: NDArray[np.intp]) -> Planes:
    """The colour of `table` [N, 3] that each pixel of `index` [H, W] names."""
    return np.ascontiguousarray(table.take(index, axis=0).transpose(2, 0, 1))


def ramp(palette: Colours, place: Field) -> Planes:
    """The palette as a smooth gradient, read at `place` in 0..1."""
    steps = np.linspace(0, 1, TABLE_STEPS)
    stops = np.linspace(0, 1, len(palette))
    table = np.stack([np.interp(steps, stops, channel) for channel in palette.T], axis=1).astype(np.float32)
    return pick(table, (np.clip(place, 0, 1) * (TABLE_STEPS - 1)).astype(np.intp))


def bands(palette: Colours, widths: NDArray[np.floating], place: Field, softness: float = 0.01) -> Planes:
    """The palette as bands of `widths` that repeat with every whole number of `place`; edges are `softness` wide."""
    edges = np.cumsum(widths) / np.sum(widths)
    steps = (np.arange(TABLE_STEPS) + 0.5) / TABLE_STEPS
    table = palette[np.minimum(np.searchsorted(edges, steps), len(palette) - 1)]
    reach = max(1, round(softness * TABLE_STEPS / 2))
    table = np.mean([np.roll(table, shift, axis=0) for shift in range(-reach, reach + 1)], axis=0, dtype=np.float32)
    return pick(table, (wrapped(place) * (TABLE_STEPS - 1)).astype(np.intp))

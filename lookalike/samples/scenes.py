"""Painters of mountains at dusk and a starry sky, and the parts of skies and horizons."""

import numpy as np

from lookalike.samples.canvas import Field, Planes, Size, blend, length, noise, plane, rise, skyline, stamp
from lookalike.samples.palettes import Colours, any_of, colours, ramp

#: From the top of the sky to the horizon, after sunset.
DUSKS = tuple(
    colours(words)
    for words in (
        "2c2a5a 8c4a82 f08a5d ffd39a",
        "1d3557 6d6a9c e0798c ffc9a3",
        "3b1c4a a63a50 f0803c ffd166",
        "24445c 5f8ea0 d8b49c f8e1c0",
        "432c5e 9a5ba5 e9a6c0 fde2d8",
        "15304b 3f6c83 96b6ac f3d8a0",
    )
)
NIGHTS = tuple(
    colours(words)
    for words in (
        "05060f 0d1533 1e2a5a",
        "070512 1d0f3a 43235e",
        "02080f 06263a 0f4f5e",
        "0a0a14 1a1830 3b2f4a",
        "040a1c 12305c 4a6c9c",
        "0c0410 2d0f38 6d2450",
    )
)


def below(heights: Field, size: Size) -> Field:
    """1 under a line of `heights` (a share of the image from its top, one per column), 0 over it."""
    rows = np.arange(size.height, dtype=np.float32)[:, None]
    return np.asarray(np.clip(rows - heights[None, :] * size.height + np.float32(0.5), 0, 1), np.float32)


def downward(size: Size) -> Field:
    """0 in the top row, 1 in the bottom row."""
    return np.broadcast_to(np.linspace(0, 1, size.height, dtype=np.float32)[:, None], (size.height, size.width))


def add_glow(image: Planes, colour: Colours, x: Field, y: Field, radius: float, halo: float) -> Planes:
    """A sun or moon at the origin of (x, y): a disc of `radius` and a soft `halo` around it."""
    distance = length(x, y)
    soft = np.exp(-distance / np.float32(radius * 3)) * np.float32(halo)
    return blend(blend(image, colour, soft), colour, rise(radius * 1.03, radius * 0.97, distance))


def pines(rng: np.random.Generator, width: int, height: float) -> Field:
    """How far trees of about `height` rise over each of `width` columns; shape [width]."""
    spacing = max(3, round(width * height * rng.uniform(0.25, 0.5)))
    columns = np.arange(width) + int(rng.integers(spacing))
    tree = rng.uniform(0.2, 1, width // spacing + 3)[columns // spacing]
    return np.asarray(height * tree * (1 - np.abs(columns % spacing / spacing * 2 - 1)), np.float32)


def mountains_at_dusk(rng: np.random.Generator, size: Size) -> Planes:
    x, y = plane(size)
    dusk = any_of(rng, DUSKS, 0.12)
    image = ramp(dusk, downward(size) * np.float32(rng.uniform(1.2, 2)))
    horizon, depth = rng.uniform(0.3, 0.6), downward(size)
    if rng.random() < 0.75:
        aside, up = rng.uniform(-0.5, 0.5), rng.uniform(-0.35, 0.1)
        image = add_glow(image, dusk[-1], x - np.float32(aside), y - np.float32(up), rng.uniform(0.03, 0.12), 0.6)
    count = int(rng.integers(3, 8))
    dark = dusk[0] * np.float32(rng.uniform(0.2, 0.5))
    for number in range(1, count + 1):
        nearness = np.float32(number / count)
        base = horizon + (1.02 - horizon) * (number - 0.6) / count
        line = base + skyline(rng, size.width, rng.uniform(2, 5), decay=0.45) * rng.uniform(0.06, 0.16)
        if number == count and rng.random() < 0.6:
            line = line - pines(rng, size.width, rng.uniform(0.05, 0.16))
        colour = dusk[2] * (1 - nearness) + dark * nearness
        top = min(size.height - 1, max(0, int(line.min() * size.height)))
        mist = rise(0, 0.35, depth[top:] - line[None, :]) * np.float32(0.45) * (1 - nearness)
        slope = blend(colour, dusk[-1], mist)
        image[:, top:] = blend(image[:, top:], slope, below(line, size)[top:])
    return image


def add_stars(rng: np.random.Generator, image: Planes, count: int) -> None:
    """`count` faint stars, and a few bright ones with a halo and rays, added in place."""
    _, height, width = image.shape
    rows, columns = rng.integers(height, size=count), rng.integers(width, size=count)
    tints = 1 + rng.normal(0, 0.12, (count, 3))
    image[:, rows, columns] += (tints * rng.power(0.8, (count, 1))).T.astype(np.float32)
    for _ in range(rng.integers(20, 90)):
        radius = int(3 + rng.power(0.3) * min(width, height) / 22)
        side = np.linspace(-1, 1, 2 * radius + 1, dtype=np.float32)
        x, y = side[None, :], side[:, None]
        rays = np.exp(-np.abs(x) * 22 - np.abs(y) * 3) + np.exp(-np.abs(y) * 22 - np.abs(x) * 3)
        shine = np.clip(np.exp(-(x * x + y * y) * 30) + rays * np.float32(0.8), 0, 1) * rise(1, 0.6, length(x, y))
        tint = (1 - rng.uniform(0, 0.25, 3)).astype(np.float32)
        stamp(image, tint, shine * np.float32(rng.uniform(0.7, 1)), rng.uniform(0, width), rng.uniform(0, height))


def starry_sky(rng: np.random.Generator, size: Size) -> Planes:
    _, y = plane(size, rng.uniform(0, np.pi))
    night = any_of(rng, NIGHTS, 0.25)
    image = ramp(night, downward(size) * np.float32(rng.uniform(0.5, 0.9)) + noise(rng, size, 2, 2) * np.float32(0.2))
    dust = noise(rng, size, rng.uniform(2, 5), 5)
    band = np.exp(-(((y + np.float32(0.25) * (dust - np.float32(0.5))) / np.float32(rng.uniform(0.12, 0.4))) ** 2))
    glow = any_of(rng, DUSKS, 0.6)
    nebula = ramp(glow, noise(rng, size, 3, 3))
    image = blend(image, nebula, band * dust * np.float32(rng.uniform(0.4, 1)))
    add_stars(rng, image, int(rng.uniform(0.002, 0.008) * size.width * size.height))
    if rng.random() < 0.5:
        line = rng.uniform(0.8, 0.95) + skyline(rng, size.width, 2, 4) * 0.05
        line = line - pines(rng, size.width, rng.choice([0.0, 0.08, 0.16]) + 0.01)
        image = blend(image, night[0] * np.float32(0.5), below(line.astype(np.float32), size))
    return image

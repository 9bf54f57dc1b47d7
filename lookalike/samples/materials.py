"""Painters of materials seen close: wood, bricks, stained glass, clouds."""

import numpy as np
from numpy.typing import NDArray

from lookalike.samples.canvas import Field, Planes, Size, blend, length, noise, plane, rise, spread, wrapped
from lookalike.samples.palettes import PALETTES, any_of, colours, pick, ramp

WOODS = tuple(
    colours(words)
    for words in (
        "e8c99b c99a5b a8743a d9b27c",
        "8a5a35 5b3620 3e2315 704528",
        "b5613c 8f4024 6d2c17 c67a50",
        "f0dcb8 d8b98a c9a371 e6cfa4",
        "9c948a 6f675e 504a43 b3aba0",
        "5a4a42 33281f 1f1712 6b584a",
        "d9a066 b1682f 8c4a1c e3b47d",
    )
)
BRICKS = tuple(
    colours(words)
    for words in (
        "9b4a34 b4583c 7c3527 c06b4c",
        "c9a26a b88c52 d8b983 a67a45",
        "8d8a86 a6a29c 74716d bdb9b2",
        "e9e4da d8d2c6 f2eee6 cbc4b6",
        "5b3a35 6f4640 47302d 80544c",
        "b86b4b 8f6a5a d08a66 744a3c",
        "57707a 6c8791 47606b 8aa2a8",
    )
)
#: From the top of the sky to the horizon.
SKIES = tuple(
    colours(words)
    for words in (
        "1f5fa8 5b9bd5 b9dcf2",
        "2e86c1 85c1e9 eaf4fb",
        "3a4a6b 8a7fa0 f0b49a",
        "2b3a67 b56576 ffb570",
        "56657a 8796a8 c3cbd3",
        "1b3b5a 4f8a9b f6d9a8",
        "6a7fc1 b8a9d9 fbd3d9",
    )
)


def wood_grain(rng: np.random.Generator, size: Size) -> Planes:
    lies = rng.random() < 0.5
    x, y = plane(size, (0 if lies else np.pi / 2) + rng.normal(0, 0.05))
    planks = np.float32(rng.choice([0.7, 2, 3, 4.5]))
    plank = np.floor(y * planks)
    index = wrapped(plank, 16).astype(np.intp)
    along = x * np.float32(rng.uniform(0.2, 0.4)) + rng.uniform(-3, 3, 16).astype(np.float32)[index]
    across = y * planks - plank - rng.uniform(-0.6, 1.6, 16).astype(np.float32)[index]
    warp = np.float32(rng.uniform(0.08, 0.3)) * grain(rng, size, lies, 2, 2, 4)
    rings = length(along, across / np.sqrt(planks)) + warp
    year = wrapped(rings * np.float32(rng.uniform(9, 22)))
    fibre = grain(rng, size, lies, 90, 2, 14)
    palette = any_of(rng, WOODS, 0.04)
    image = ramp(palette[:3], rise(0, 0.85, year) * (1 - rise(0.88, 1, year)) * np.float32(0.75) + fibre * 0.35)
    tone = rng.uniform(0.82, 1.12, 16).astype(np.float32)[index]
    seam = rise(0, 0.02, np.minimum(y * planks - plank, plank + 1 - y * planks) / planks * 2)
    return image * (tone * (np.float32(0.35) + np.float32(0.65) * seam))


def grain(rng: np.random.Generator, size: Size, lies: bool, cells: float, octaves: int, stretch: float) -> Field:
    """Noise drawn out along a grain that lies, or stands."""
    if lies:
        return noise(rng, size, cells, octaves, stretch)
    return np.ascontiguousarray(noise(rng, Size(size.height, size.width), cells, octaves, stretch).T)


def bricks(rng: np.random.Generator, size: Size) -> Planes:
    x, y = plane(size, rng.normal(0, 0.06))
    slant = 1 + np.float32(rng.normal(0, 0.22)) * x
    rows = np.float32(rng.uniform(5, 15))
    v = y / slant * rows + np.float32(rng.random())
    row = np.floor(v)
    u = x * rows / np.float32(rng.uniform(2, 3.2)) + wrapped(row, 2) * np.float32(rng.choice([0.5, 0.5, 0.33]))
    column = np.floor(u)
    brick = (wrapped(row, 32) * 32 + wrapped(column, 32)).astype(np.intp)
    long = np.float32(2.5)
    rim = np.minimum(np.minimum(u - column, column + 1 - u) * long, np.minimum(v - row, row + 1 - v))
    rough = noise(rng, size, 30, 4)
    joint = rng.uniform(0.04, 0.1)
    is_brick = rise(joint, joint + 0.07, rim + (rough - np.float32(0.5)) * np.float32(0.08))
    palette = any_of(rng, BRICKS if rng.random() < 0.8 else PALETTES, 0.06)
    variety = rng.uniform(0.1, 1)
    tones = palette[0] + (palette[rng.integers(len(palette), size=1024)] - palette[0]) * np.float32(variety)
    mortar = colours("d6cfc2 8f8a82 4a4642 b9b1a3")[rng.integers(4)]
    edge = rise(joint, joint + 0.25, v - row) * np.float32(0.25) + np.float32(0.82)
    face = pick(tones.astype(np.float32), brick) * (edge * (np.float32(0.75) + np.float32(0.5) * rough))
    return blend(spread(mortar) * (np.float32(0.7) + np.float32(0.4) * rough), face, is_brick)


def voronoi(u: Field, v: Field, points: NDArray[np.float32]) -> tuple[NDArray[np.intp], Field, Field]:
    """Each pixel's nearest of `points` [columns, rows, 2], one to a unit square and repeating.

    Returns its index, the distance to it, and how much farther the second nearest is (0 on the rim of a cell).
    """
    columns, rows = points.shape[:2]
    column, row = np.floor(u), np.floor(v)
    across, down = u - column, v - row
    first = (wrapped(column, columns) * (rows + 2) + wrapped(row, rows)).astype(np.intp)
    ringed = np.pad(points, ((1, 1), (1, 1), (0, 0)), "wrap").reshape(-1, 2)
    index = np.pad(np.arange(columns * rows).reshape(columns, rows), 1, "wrap").reshape(-1)
    nearest, second = np.full(u.shape, 99, np.float32), np.full(u.shape, 99, np.float32)
    cell = np.zeros(u.shape, np.intp)
    for i, j in np.ndindex(3, 3):
        skip = i * (rows + 2) + j
        x, y = (ringed[skip:] + np.array([i - 1, j - 1], np.float32)).T.copy()
        distance = (across - x.take(first)) ** 2 + (down - y.take(first)) ** 2
        second = np.minimum(second, np.maximum(nearest, distance))
        cell = np.where(distance < nearest, first + skip, cell)
        nearest = np.minimum(nearest, distance)
    return index.take(cell), np.sqrt(nearest), np.sqrt(second) - np.sqrt(nearest)


def stained_glass(rng: np.random.Generator, size: Size) -> Planes:
    """A pane of free pieces, or a rose window of pieces in circles."""
    x, y = plane(size, rng.uniform(0, np.pi))
    columns, rows = 32, 32
    scale = np.float32(rng.uniform(4, 11))
    u, v = x * scale, y * scale
    if rng.random() < 0.45:
        columns = int(rng.integers(8, 18))
        u = (np.arctan2(y, x) / np.float32(2 * np.pi) + np.float32(0.5)) * columns
        v = length(x, y) * np.float32(rng.uniform(6, 11))
    jitter = rng.uniform(0.35, 0.9)
    points = (0.5 + jitter * (rng.random((columns, rows, 2)) - 0.5)).astype(np.float32)
    cell, distance, rim = voronoi(u, v, points)
    palette = np.concatenate([any_of(rng, PALETTES, 0.3), any_of(rng, PALETTES, 0.3)])[: rng.integers(3, 9)]
    vivid = np.clip(palette + (palette - palette.mean(axis=1, keepdims=True)) * np.float32(0.7), 0.03, 1)
    glass = vivid[rng.integers(len(vivid), size=columns * rows)] * rng.uniform(0.7, 1.15, (columns * rows, 1))
    glow = np.float32(1.25) - np.float32(0.5) * distance + np.float32(0.35) * (noise(rng, size, 9, 4) - np.float32(0.5))
    lead = rise(0.05, 0.13, rim)
    return blend(np.full(3, 0.06, np.float32), pick(glass.astype(np.float32), cell) * glow, lead)


def clouds(rng: np.random.Generator, size: Size) -> Planes:
    _, y = plane(size)
    sky = any_of(rng, SKIES, 0.08)
    image = ramp(sky, y * np.float32(size.short / size.height) + np.float32(0.5))
    billows = noise(rng, size, rng.uniform(1.3, 4), 6, rng.uniform(1, 2.6), rng.uniform(0.48, 0.58))
    cover = rng.uniform(0.35, 0.6)
    mass = rise(cover, cover + rng.uniform(0.15, 0.35), billows)
    reach = max(2, size.short // 40)
    relief = billows - np.roll(billows, (reach, int(rng.integers(-reach, reach + 1))), (0, 1))
    brightness = rise(-0.16, 0.14, relief + np.float32(0.25) * (np.float32(0.8) - billows))
    shade = (sky[0] + sky[1]) / 2 * np.float32(0.6) + np.float32(0.3)
    light = sky[2] * np.float32(0.35) + np.float32(0.65)
    body = ramp(np.stack([shade, light]).astype(np.float32), brightness)
    return blend(image, body, mass * np.float32(rng.uniform(0.85, 1)))

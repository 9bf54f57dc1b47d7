"""Painters of repeating patterns: stripes, checkers, dots, rings, waves."""

import numpy as np

from lookalike.samples.canvas import Field, Planes, Size, blend, length, noise, plane, rise, wrapped
from lookalike.samples.palettes import bands, contrasting, pick

#: Side of the table of random numbers that repeating tiles draw from; larger than the tiles in any image.
TABLE_SIDE = 64


def weave(rng: np.random.Generator, size: Size, strength: float = 0.1) -> Field:
    """The faint texture of cloth or paper, a factor for an image."""
    return 1 + np.float32(strength) * (noise(rng, size, 24, 3) - np.float32(0.5))


def stripes(rng: np.random.Generator, size: Size) -> Planes:
    x, y = plane(size, rng.uniform(0, np.pi))
    swing = rng.choice([0.0, 0.0, rng.uniform(0.02, 0.1)])
    place = x + np.float32(swing) * np.sin(y * np.float32(rng.uniform(4, 14)))
    palette = contrasting(rng, 2, 5)
    period = rng.uniform(0.12, 0.34) * len(palette) / 2
    softness = 2.5 / (period * size.short)
    image = bands(palette, rng.uniform(0.3, 1, len(palette)), place / np.float32(period), softness)
    folds = 1 + np.float32(rng.uniform(0, 0.16)) * np.sin((x + y) * np.float32(rng.uniform(2, 9)))
    return np.asarray(image * folds * weave(rng, size), np.float32)


def tilted(rng: np.random.Generator, size: Size) -> tuple[Field, Field]:
    """The plane turned and, for some images, seen at a slant like a floor."""
    x, y = plane(size, rng.uniform(0, np.pi))
    lean = rng.choice([0.0, rng.uniform(0.25, 0.55)])
    depth = 1 + np.float32(lean) * plane(size)[1]
    return x / depth, y / depth


def checkers(rng: np.random.Generator, size: Size) -> Planes:
    x, y = tilted(rng, size)
    cells = rng.uniform(4, 13)
    u, v = x * np.float32(cells) + np.float32(rng.random()), y * np.float32(cells) + np.float32(rng.random())
    wave = np.sin(np.pi * u) * np.sin(np.pi * v)
    is_light = np.clip(np.float32(0.5) + wave * np.float32(size.short / cells / 4), 0, 1)
    dark, light, third = contrasting(rng, 3, 3)
    if rng.random() < 0.3:
        light = blend(third, light, (wrapped(np.floor(u), 2) == 0).astype(np.float32))
    image = blend(dark, light, is_light)
    veins = 1 - np.float32(rng.uniform(0, 0.35)) * rise(0.1, 0, np.abs(noise(rng, size, 4, 5) - np.float32(0.5)))
    return image * veins * weave(rng, size)


def polka_dots(rng: np.random.Generator, size: Size) -> Planes:
    x, y = plane(size, rng.choice([0, np.pi / 4, rng.uniform(0, np.pi)]))
    cells = np.float32(rng.uniform(3, 10))
    row = np.floor(y * cells)
    shift = wrapped(row, 2) * np.float32(rng.choice([0, 0.5]))
    column = np.floor(x * cells + shift)
    tile = (wrapped(row, TABLE_SIDE) * TABLE_SIDE + wrapped(column, TABLE_SIDE)).astype(np.intp)
    distance = length(x * cells + shift - column - np.float32(0.5), y * cells - row - np.float32(0.5))
    ground, *dots = contrasting(rng, 2, 5)
    colour = pick(np.array(dots)[rng.integers(len(dots), size=TABLE_SIDE**2)], tile)
    radius = (rng.uniform(0.2, 0.4) * rng.uniform(rng.choice([0.55, 1.0]), 1, TABLE_SIDE**2)).astype(np.float32)
    edge = np.float32(size.short) / cells
    image = blend(ground, colour, np.clip((radius[tile] - distance) * edge, 0, 1))
    if rng.random() < 0.3:
        image = blend(image, ground, np.clip((radius[tile] * np.float32(0.5) - distance) * edge, 0, 1))
    return image * weave(rng, size)


def rings(rng: np.random.Generator, size: Size) -> Planes:
    """One large target, or a quilt of squares with a target in each."""
    x, y = plane(size, rng.uniform(-0.15, 0.15))
    cells = np.float32(rng.choice([1, 1, 2, 3, 4]) * rng.uniform(0.8, 1.1))
    middle = rng.uniform(-0.3, 0.3, 2).astype(np.float32)
    u, v = x * cells + middle[0], y * cells + middle[1]
    tile = np.zeros(u.shape, np.intp)
    if cells > 1.5:
        tile = (wrapped(np.floor(u), 8) * 8 + wrapped(np.floor(v), 8)).astype(np.intp)
        u, v = wrapped(u) - np.float32(0.5), wrapped(v) - np.float32(0.5)
    wobble = np.float32(rng.uniform(0, 0.12)) * (noise(rng, size, 3 * float(cells), 2) - np.float32(0.5))
    period = np.float32(rng.uniform(0.32, 0.7))
    start = rng.random(64).astype(np.float32)[tile] if cells > 1.5 else np.float32(rng.random())
    palette = contrasting(rng, 3, 5)
    softness = float(2 * cells / (period * size.short))
    place = (length(u, v) + wobble) / period + start
    return bands(palette, rng.uniform(0.4, 1, len(palette)), place.astype(np.float32), softness) * weave(rng, size)


def waves(rng: np.random.Generator, size: Size) -> Planes:
    """Overlapping fans of arcs (seigaiha), each row lying over the one above it."""
    x, y = plane(size, rng.choice([0, 0, rng.uniform(-0.5, 0.5)]))
    scale, step = np.float32(rng.uniform(3, 11)), np.float32(rng.uniform(0.42, 0.6))
    u, v = x * scale + np.float32(rng.random()), y * scale
    distance, fan = np.full(u.shape, 2, np.float32), np.zeros(u.shape, np.float32)
    last_row = np.floor((v + 1) / step)
    for back in range(int(1 / step) + 2):
        row = last_row - np.float32(back)
        column = np.round((u - wrapped(row, 2)) * np.float32(0.5)) * np.float32(2) + wrapped(row, 2)
        away = length(u - column, v - row * step)
        is_first = (distance > 1) & (away < 1)
        distance = np.where(is_first, away, distance)
        fan = np.where(is_first, row * 37 + column, fan)
    palette = contrasting(rng, 2, 4)
    arcs = np.concatenate([palette[:1], np.tile(palette[:2], (int(rng.integers(2, 4)), 1)), palette[1:]])
    image = bands(arcs, rng.uniform(0.5, 1, len(arcs)), distance * np.float32(0.999), float(2.5 * scale / size.short))
    tone = rng.uniform(rng.choice([0.75, 1]), 1.05, 1024).astype(np.float32)[wrapped(fan, 1024).astype(np.intp)]
    return image * (tone * weave(rng, size))

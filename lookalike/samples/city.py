"""Painter of a city at night: rows of towers with lit windows, some mirrored in water."""

import numpy as np

from lookalike.samples.canvas import Planes, Size, plane, spread
from lookalike.samples.palettes import Colours, any_of, colours, ramp
from lookalike.samples.scenes import DUSKS, NIGHTS, add_glow, downward

LAMPS = colours("ffd27a ffe8b5 ffb347 cfe6ff fff4da ff8f5a")


def add_building(
    rng: np.random.Generator, image: Planes, left: int, right: int, top: int, nearness: float, wall: Colours
) -> None:
    """A tower of `wall` colour from `top` down, with a grid of windows of which some are lit, in place."""
    region = image[:, top:, left:right]
    region[:] = spread(wall)
    unit = max(4, round(image.shape[1] / rng.uniform(45, 70) * (0.6 + nearness)))
    tall = max(3, round(unit * rng.uniform(0.7, 1.6)))
    floors, windows = region.shape[1] // tall, (region.shape[2] - 2) // unit
    if floors < 1 or windows < 1:
        return
    pane = np.zeros((1, tall, unit), np.float32)
    pane[0, 1 : max(2, tall * 2 // 3), 1 : max(2, unit * 2 // 3)] = 1
    is_lit = rng.random((floors, windows)) < rng.uniform(0.25, 0.8)
    tints = LAMPS[rng.integers(rng.integers(1, len(LAMPS) + 1), size=(floors, windows))].transpose(2, 0, 1)
    light = np.kron(is_lit * tints * rng.uniform(0.6, 1.1, (floors, windows)), pane).astype(np.float32)
    inside = region[:, : light.shape[1], 1 : 1 + light.shape[2]]
    np.maximum(inside, light * np.float32(0.5 + 0.5 * nearness), out=inside)


def add_towers(rng: np.random.Generator, image: Planes, nearness: float, wall: Colours) -> None:
    """One row of buildings across the image, in place."""
    _, height, width = image.shape
    left = -int(rng.integers(20))
    tallest = rng.uniform(0.55, 0.95) * (1.05 - 0.45 * nearness)
    while left < width:
        across = int(rng.uniform(0.05, 0.16) * min(height, width) * (0.7 + nearness))
        top = int(height * (1 - tallest * rng.uniform(0.35, 1)))
        if rng.random() < 0.2:
            mast = slice(max(0, left + across // 2), left + across // 2 + 2)
            image[:, max(0, top - height // 14) : top, mast] = spread(wall)
        add_building(rng, image, max(0, left), max(1, left + across), top, nearness, wall)
        left += across + int(rng.integers(0, 4))


def mirrored(rng: np.random.Generator, image: Planes) -> Planes:
    """The image with its lower part turned into water that mirrors the rest."""
    _, height, width = image.shape
    depth = int(height * rng.uniform(0.2, 0.38))
    shore = image[:, depth:]
    rows = np.arange(depth)
    drift = np.round(np.sin(rows**0.8 * rng.uniform(0.7, 1.6)) * (1 + rows * 0.06)).astype(int)
    columns = (np.arange(width)[None, :] + drift[:, None]) % width
    water = shore[:, ::-1][:, rows[:, None], columns] * np.float32(rng.uniform(0.45, 0.75))
    return np.concatenate([shore, water], axis=1)


def night_city(rng: np.random.Generator, size: Size) -> Planes:
    x, y = plane(size)
    night = any_of(rng, NIGHTS + DUSKS[:2], 0.2)
    glow = any_of(rng, (LAMPS[2:3], LAMPS[5:], DUSKS[1][2:3], NIGHTS[4][2:]), 0.3) * np.float32(rng.uniform(0.4, 0.9))
    image = ramp(np.concatenate([night, glow]), downward(size) * np.float32(rng.uniform(0.9, 1.4)))
    if rng.random() < 0.5:
        aside, up = np.float32(rng.uniform(-0.5, 0.5)), np.float32(rng.uniform(0.2, 0.42))
        image = add_glow(image, LAMPS[1], x - aside, y + up, rng.uniform(0.02, 0.06), 0.5)
    layers = int(rng.integers(2, 4))
    for number in range(1, layers + 1):
        nearness = number / layers
        wall = (glow[0] + night[-1]) * np.float32(0.6 * (1 - nearness)) + night[0] * np.float32(0.5 + 0.5 * nearness)
        add_towers(rng, image, nearness, wall)
    return mirrored(rng, image) if rng.random() < 0.5 else image

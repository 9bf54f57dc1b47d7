"""Painter of citrus fruits, sliced and whole, on a table."""

import numpy as np

from lookalike.samples.canvas import Field, Planes, Size, blend, length, rise, spread, wrapped
from lookalike.samples.palettes import PALETTES, Colours, any_of, colours, ramp
from lookalike.samples.plants import Thing, around, ground, strew

#: Rind, pith, flesh at the rim, flesh at the heart.
FRUITS = tuple(
    colours(words)
    for words in (
        "f28a1c fff0d2 f7931e ffb84d",
        "f2d21b fffbe0 f5df4d fbee97",
        "5f9e2f f1f7d8 a9cf46 d3e88a",
        "ee8a4a ffeadb e2504a f58a78",
        "c9481e ffe6d2 8c1527 c8333c",
    )
)


def slice_of(palette: Colours, segments: int) -> Thing:
    """A round slice: rind, pith and `segments` of flesh."""

    def draw(rng: np.random.Generator, radius: int) -> tuple[Planes, Field]:
        x, y = around(radius, rng.uniform(0, 2 * np.pi))
        distance = length(x, y)
        turn = np.asarray(np.arctan2(y, x) / np.float32(2 * np.pi) + np.float32(0.5), np.float32)
        off = np.abs(wrapped(turn * np.float32(segments)) - np.float32(0.5)) * np.float32(2)
        wall = (1 - off) * distance * np.float32(np.pi / segments)
        flesh = (
            rise(0.015, 0.035, wall)
            * rise(0.07, 0.12, distance)
            * rise(0.86, 0.83, distance + np.float32(0.09) * (off * off * off))
        )
        rays = rng.random(256).astype(np.float32)[(turn * 255).astype(np.intp)]
        pulp = (1 - distance) * np.float32(0.8) + (rays - np.float32(0.5)) * np.float32(0.45)
        patch = blend(palette[1], ramp(palette[2:], pulp), flesh)
        patch = blend(patch, palette[0], rise(0.925, 0.95, distance))
        return patch, np.clip((1 - distance) * radius, 0, 1)

    return draw


def fruit(palette: Colours) -> Thing:
    """A whole fruit, lit from one side."""

    def draw(rng: np.random.Generator, radius: int) -> tuple[Planes, Field]:
        x, y = around(radius, 0)
        distance = length(x, y)
        shine = np.exp(-((x + np.float32(0.35)) ** 2 + (y + np.float32(0.4)) ** 2) * 7) * np.float32(0.5)
        pores = (rng.random(x.shape, np.float32) - np.float32(0.5)) * np.float32(0.1)
        light = np.sqrt(np.clip(1 - distance * distance * np.float32(0.75), 0, 1)) + pores
        return spread(palette[0]) * light + shine, np.clip((1 - distance) * radius, 0, 1)

    return draw


def citrus(rng: np.random.Generator, size: Size) -> Planes:
    image = ground(rng, size)
    if rng.random() < 0.25:
        image[:] = spread(any_of(rng, PALETTES)[rng.integers(5)])
    palettes = [any_of(rng, FRUITS, 0.05) for _ in range(rng.integers(1, 4))]
    things = [slice_of(palette, int(rng.integers(8, 13))) for palette in palettes]
    count = int(rng.choice([1, 2, 4, 9, 20]))
    whole = [fruit(palette) for palette in palettes] if count > 2 and rng.random() < 0.5 else things

    def any_fruit(rng: np.random.Generator, radius: int) -> tuple[Planes, Field]:
        return (things if rng.random() < 0.7 else whole)[rng.integers(len(things))](rng, radius)

    return strew(rng, image, any_fruit, count, 0.42 if count == 1 else 0.5)

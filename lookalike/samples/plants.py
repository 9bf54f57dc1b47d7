"""Painters of leaves and flowers, scattered on a ground."""

from collections.abc import Callable

import numpy as np

from lookalike.samples.canvas import Field, Planes, Size, blend, length, noise, rise, spread, stamp, wrapped
from lookalike.samples.palettes import Colours, any_of, colours, ramp

LEAVES = tuple(
    colours(words)
    for words in (
        "2d6a2f 5f9e3f a3c95c",
        "8f2d14 d3541b f2a03d",
        "a87b18 e0b02c f6dd75",
        "1e4d3b 3b7f62 8cc2a0",
        "6b1f2a a83240 d8747a",
        "4b5320 7d8a35 c0b768",
    )
)
PETALS = tuple(
    colours(words)
    for words in (
        "c2185b f06292 fbd0de",
        "f4a300 ffcf40 fff0b0",
        "6a3fb5 a98be0 e4d8fa",
        "e8e4da fafaf5 ffffff",
        "c62828 ef5350 ffb3a7",
        "1f5fb0 64a0e6 cfe4fb",
        "e2711d ffa552 ffe0bf",
    )
)
GROUNDS = colours("f4efe6 e9e1d3 2c3539 d8e6e4 f7d9d0 3c5a4c c9b99b 1f2a44 e8c86a 7fb0b8")

#: Draws one thing of a radius in pixels: its colours and where they are opaque.
Thing = Callable[[np.random.Generator, int], tuple[Planes, Field]]


def around(radius: int, turn: float) -> tuple[Field, Field]:
    """A square of side `radius` * 2.2 pixels in units of the radius, turned; x and y."""
    side = np.linspace(-1.1, 1.1, round(2.2 * radius), dtype=np.float32)
    x, y = side[None, :], side[:, None]
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return x * cosine + y * sine, y * cosine - x * sine


def ground(rng: np.random.Generator, size: Size) -> Planes:
    """A plain or softly mottled table, cloth or lawn."""
    colour = GROUNDS[rng.integers(len(GROUNDS))]
    mottle = noise(rng, size, rng.choice([2, 6, 20]), 4)
    strength = np.float32(rng.choice([0.1, 0.25, 0.7]))
    return spread(colour) * (1 + strength * (mottle - np.float32(0.5)))


def strew(rng: np.random.Generator, image: Planes, thing: Thing, count: int, crowding: float) -> Planes:
    """`count` things with their shadows, apart where room allows; the fewer, the larger."""
    _, height, width = image.shape
    room = np.sqrt(width * height / count) * crowding
    taken = np.zeros((0, 2))
    fall = rng.uniform(-0.12, 0.12), rng.uniform(0.04, 0.14)
    for _ in range(count):
        spots = rng.uniform((-0.05, -0.05), (1.05, 1.05), (12, 2)) * (width, height)
        if count == 1:
            spots = rng.uniform((0.4, 0.4), (0.6, 0.6), (1, 2)) * (width, height)
        gaps = np.min(np.hypot(*(taken - spots[:, None]).transpose(2, 0, 1)), axis=1, initial=np.inf)
        x, y = spots[int(np.argmax(gaps))]
        taken = np.concatenate([taken, [[x, y]]])
        radius = max(8, round(room * rng.uniform(0.7, 1.1)))
        patch, opacity = thing(rng, radius)
        stamp(image, np.zeros(3, np.float32), opacity * np.float32(0.35), x + fall[0] * radius, y + fall[1] * radius)
        stamp(image, patch, opacity, x, y)
    return image


def leaf(palette: Colours, slim: float, lobes: int) -> Thing:
    """A leaf of half width `slim`, its rim cut into `lobes`."""

    def draw(rng: np.random.Generator, radius: int) -> tuple[Planes, Field]:
        x, y = around(radius, rng.uniform(0, 2 * np.pi))
        along = (x + np.float32(1)) * np.float32(0.5)
        bend = along - np.float32(0.5)
        y = y + np.float32(rng.uniform(-0.3, 0.3)) * bend * bend
        inside = np.clip(along, 0, 1)
        half = np.float32(slim) * np.abs(np.sin(np.pi * inside ** np.float32(0.75))) ** np.float32(0.8)
        half = half * (1 + np.float32(0.28 if lobes else 0) * np.sin(inside * np.float32(2 * np.pi * lobes)))
        side = (inside - np.abs(y) * np.float32(0.55)) * np.float32(9)
        veins = np.maximum(rise(0.06, 0, np.abs(wrapped(side) - np.float32(0.5)) * 2), rise(0.035, 0.01, np.abs(y)))
        tone = np.float32(rng.uniform(0.1, 0.7)) + np.float32(0.25) * (y > 0) + np.float32(0.4) * (np.abs(y) - half / 2)
        patch = blend(ramp(palette, tone), palette[2] * np.float32(0.9), veins * np.float32(0.6))
        stem = rise(0.03, 0.015, np.abs(y)) * ((along > -0.04) & (along < 0.1))
        return patch, np.maximum(np.clip((half - np.abs(y)) * radius, 0, 1), stem)

    return draw


def leaves(rng: np.random.Generator, size: Size) -> Planes:
    image = ground(rng, size)
    count = int(rng.choice([1, 3, 7, 14, 30]))
    palettes = [any_of(rng, LEAVES, 0.1) for _ in range(rng.integers(1, 4))]
    slim, lobes = rng.uniform(0.22, 0.5), int(rng.choice([0, 0, 0, 4, 6]))
    things = [leaf(palette, slim * rng.uniform(0.85, 1.15), lobes) for palette in palettes]

    def any_leaf(rng: np.random.Generator, radius: int) -> tuple[Planes, Field]:
        return things[rng.integers(len(things))](rng, radius)

    return strew(rng, image, any_leaf, count, 0.45 if count == 1 else 0.68)


def flower(palette: Colours, heart: Colours, petals: int, layers: int, roundness: float) -> Thing:
    """A blossom of `layers` wreaths of `petals` around a `heart` of two colours."""

    def draw(rng: np.random.Generator, radius: int) -> tuple[Planes, Field]:
        x, y = around(radius, rng.uniform(0, 2 * np.pi))
        distance, angle = length(x, y), np.arctan2(y, x)
        patch, opacity = np.zeros((3, *x.shape), np.float32), np.zeros(x.shape, np.float32)
        for layer in range(layers):
            reach = np.float32(1 - 0.24 * layer)
            phase = angle * np.float32(petals / 2) + np.float32(layer * np.pi / 2)
            ridge = np.abs(np.cos(phase))
            edge = reach * (np.float32(0.3) + np.float32(0.7) * ridge ** np.float32(roundness))
            streaks = np.float32(0.08) * np.cos(phase * 10)
            tone = distance / reach * np.float32(0.75) + ridge * np.float32(0.3) - np.float32(0.1) + streaks
            here = np.clip((edge - distance) * radius, 0, 1)
            patch = blend(patch, ramp(palette, tone) * np.float32(0.86 + 0.07 * layer), here)
            opacity = np.maximum(opacity, here)
        dots = np.sin(x * 60) * np.sin(y * 60) * np.float32(0.3) + np.float32(0.5) + distance
        middle = np.clip((np.float32(0.24) - distance) * radius, 0, 1)
        return blend(patch, ramp(heart, dots), middle), np.maximum(opacity, middle)

    return draw


def flowers(rng: np.random.Generator, size: Size) -> Planes:
    if rng.random() < 0.7:
        lawn = any_of(rng, LEAVES[:1] + LEAVES[3:4] + LEAVES[5:], 0.1)
        image = ramp(lawn * np.float32(rng.uniform(0.5, 1)), noise(rng, size, rng.choice([4, 12]), 4))
    else:
        image = ground(rng, size)
    heart = colours("8a4b0f f2b705 ffd94a")[rng.choice([[0, 1], [1, 2], [0, 0]])]
    petals, layers, roundness = int(rng.integers(5, 17)), int(rng.integers(1, 4)), rng.uniform(0.25, 0.9)
    things = [flower(any_of(rng, PETALS, 0.15), heart, petals, layers, roundness) for _ in range(rng.integers(1, 4))]

    def any_flower(rng: np.random.Generator, radius: int) -> tuple[Planes, Field]:
        return things[rng.integers(len(things))](rng, radius)

    count = int(rng.choice([1, 2, 5, 12, 26]))
    return strew(rng, image, any_flower, count, 0.42 if count == 1 else 0.55)

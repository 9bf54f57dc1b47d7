"""Painter of hot-air balloons over open country."""

import numpy as np

from lookalike.samples.canvas import Field, Planes, Size, blend, noise, rise, skyline, stamp
from lookalike.samples.materials import SKIES
from lookalike.samples.palettes import any_of, colours, contrasting, pick, ramp
from lookalike.samples.scenes import DUSKS, below, downward


def balloon(rng: np.random.Generator, radius: int) -> tuple[Planes, Field]:
    """A striped envelope, ropes and a basket, and where they are opaque; `radius` (pixels) is the envelope's."""
    x = np.linspace(-1.1, 1.1, round(2.2 * radius), dtype=np.float32)[None, :]
    y = np.linspace(-1.1, 1.9, round(3 * radius), dtype=np.float32)[:, None]
    taper = np.clip(np.cos(np.clip(y, 0, 1.25) * np.float32(np.pi / 2 / 1.42)), 0.05, 1) ** np.float32(0.9)
    half = np.where(y < 0, np.sqrt(np.clip(1 - y * y, 0, 1)), taper)
    around = np.arcsin(np.clip(x / np.maximum(half, np.float32(1e-3)), -1, 1))
    palette = contrasting(rng, 2, 5)
    slices = len(palette) * int(rng.integers(1, 4))
    twist = np.float32(rng.choice([0, 0, 0.7, 1.5])) * np.abs((y * 3) % 1 - np.float32(0.5))
    gore = np.floor((around / np.float32(np.pi) + twist) * slices).astype(np.intp) % len(palette)
    if rng.random() < 0.25:
        gore = np.floor(y * np.float32(3.5) + 0 * x).astype(np.intp) % len(palette)
    shade = np.float32(0.62) + np.float32(0.45) * np.cos(around - np.float32(rng.choice([-0.5, 0.5])))
    patch = pick(palette, gore) * shade
    opacity = np.clip((half - np.abs(x)) * radius, 0, 1) * (y < 1.25)
    is_rope = (np.abs(np.abs(x) - np.float32(0.13)) < np.float32(max(0.015, 0.6 / radius))) & (y > 1.24) & (y < 1.5)
    is_basket = (np.abs(x) < np.float32(0.17)) & (y > 1.48) & (y < 1.75)
    patch[:, is_rope | is_basket] = colours("6b4226").T
    return patch, np.maximum(opacity, (is_rope | is_basket).astype(np.float32)).astype(np.float32)


def hot_air_balloons(rng: np.random.Generator, size: Size) -> Planes:
    sky = any_of(rng, SKIES + DUSKS[3:], 0.1)
    image = ramp(sky, downward(size) * np.float32(rng.uniform(0.8, 1.2)))
    puffs = noise(rng, size, rng.uniform(1.5, 3), 5, rng.uniform(1.5, 3))
    image = blend(image, np.full(3, 0.97, np.float32), rise(0.5, 0.95, puffs) * np.float32(rng.uniform(0.1, 0.8)))
    count = int(rng.choice([1, 1, 2, 3, 5, 8]))
    if rng.random() < 0.6:
        for number in range(2):
            line = rng.uniform(0.8, 0.9) + 0.08 * number + skyline(rng, size.width, 1.5, 3) * 0.06
            green = any_of(rng, (colours("4f7942"), colours("b58a52"), colours("3f5f6b")))[0]
            image = blend(image, green * np.float32(1.1 - 0.3 * number), below(line.astype(np.float32), size))
    for number in range(count):
        radius = max(9, round(size.short * rng.uniform(0.16, 0.32) / np.sqrt(1 + 0.8 * (count - 1 - number))))
        column = size.width * (number + rng.uniform(0.3, 0.7)) / count
        stamp(image, *balloon(rng, radius), column, size.height * rng.uniform(0.3, 0.6))
    return image

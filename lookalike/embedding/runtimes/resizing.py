"""Resizes images of any sizes with JAX, as Pillow does on the CPU: within one level of 255.

As Pillow's BILINEAR with antialiasing (Resample.c, precompute_coeffs): a row is a weighted sum of pixels, rounded to a
level, and then a column is one of rows. The weights of an image are a matrix, so that images of all sizes are one
product of matrices: in each canvas, a square that holds the image at its upper left, what is outside has no weight.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp

#: Sides of canvases are multiples of it.
STEP = 128
#: From 6 times the wanted size on, Pillow averages boxes first (`reducing_gap` 3): such images are resized on the CPU.
MOST_SHRUNK = 5


def canvases(size: int) -> tuple[int, ...]:
    """Sides of the canvases for a model with images of `size`: a large JPEG is decoded to 2 to 4 times this size."""
    side = -(-size // STEP) * STEP
    return tuple(canvas for canvas in (side, 2 * side) if canvas <= MOST_SHRUNK * size)


def resized(data: Any, sizes: Any, size: int) -> Any:
    """uint8 [N, size, size, 3] of N images whose pixels follow one another in `data`, uint8 [N * canvas * canvas * 3].
    `sizes`: int32 [N, 2], height and width, of which none is larger than the canvas."""
    canvas = math.isqrt(data.shape[0] // (3 * sizes.shape[0]))
    heights, widths = sizes[:, 0], sizes[:, 1]
    pixels = _on_canvases(data, heights, widths, canvas)
    rows = _summed("nox,nyxc->nyoc", _weights(widths, size, canvas), pixels)
    return _summed("noy,nyxc->noxc", _weights(heights, size, canvas), rows).astype(jnp.uint8)


def _on_canvases(data: Any, heights: Any, widths: Any, canvas: int) -> Any:
    """float32 [N, canvas, canvas, 3]; outside of an image there is something of others."""
    bytes_each = 3 * heights * widths
    starts = jnp.cumsum(bytes_each) - bytes_each
    y, x = jnp.arange(canvas), jnp.arange(canvas)
    places = starts[:, None, None] + 3 * (y[None, :, None] * widths[:, None, None] + x[None, None, :])
    found = data.at[places[..., None] + jnp.arange(3)].get(mode="clip")
    return found.astype(jnp.float32)


def _weights(lengths: Any, size: int, canvas: int) -> Any:
    """float32 [N, size, canvas]: what each of `canvas` pixels counts for each of `size` wanted ones.

    A triangle around the centre of the wanted pixel, in whole numbers until the last division: sums are exact then, and
    only where they lie between two levels may another one be chosen.
    """
    places, centres = 2 * jnp.arange(canvas) + 1, 2 * jnp.arange(size) + 1
    each = lengths[:, None, None]
    distances = jnp.abs(places[None, None, :] * size - centres[None, :, None] * each)
    counts = jnp.maximum(2 * jnp.maximum(each, size) - distances, 0)
    counts = jnp.where(jnp.arange(canvas)[None, None, :] < each, counts, 0).astype(jnp.float32)
    return counts / counts.sum(axis=2, keepdims=True)


def _summed(what: str, weights: Any, pixels: Any) -> Any:
    """Rounded to levels as Pillow rounds; HIGHEST, because shorter numbers would be off by more than one level."""
    found = jnp.einsum(what, weights, pixels, precision=jax.lax.Precision.HIGHEST)
    return jnp.clip(jnp.floor(found + 0.5), 0.0, 255.0)

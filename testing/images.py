"""Images for tests, drawn and encoded in many ways; reads and writes no files."""

import io

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 96, 64

ENCODINGS: dict[str, tuple[str, dict[str, object]]] = {
    "jpeg": ("JPEG", {"quality": 80}),
    "progressive-jpeg": ("JPEG", {"quality": 80, "progressive": True}),
    "png": ("PNG", {}),
    "webp": ("WebP", {"quality": 80}),
    "lossless-webp": ("WebP", {"lossless": True}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "tiff": ("TIFF", {}),
    "lzw-tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "avif": ("AVIF", {"quality": 60}),
    "heif": ("HEIF", {"quality": 60}),
    "jxl": ("JXL", {}),
}


def scene(width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> Image.Image:
    """Smooth and coloured, with some noise, so that every encoder has something to write."""
    across, down = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 160, height))
    colours = np.stack([across, down, 200 - across], axis=-1)
    noise = np.random.default_rng(seed).integers(0, 12 + 4 * seed, size=colours.shape)
    return Image.fromarray((colours + noise).clip(0, 255).astype(np.uint8))


def encoded(name: str, image: Image.Image | None = None, **further: object) -> bytes:
    """`further`: options for the encoder."""
    kind, options = ENCODINGS[name]
    if kind in ("HEIF", "JXL"):
        # Benchmarks and checks of deployments use this module too, and have no such encoder.
        import testing.encoders  # noqa: F401
    file = io.BytesIO()
    (image or scene()).save(file, kind, **options, **further)
    return file.getvalue()

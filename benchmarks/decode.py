"""Decoding: lookalike compared with Pillow's full decode, with Pillow's resize, and with other decoders.

simplejpeg and PyTurboJPEG are not dependencies. Where they are installed (PyTurboJPEG also needs TURBOJPEG, the path of
the shared library) they are measured too; otherwise the report says that they are not.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.photographs import QUALITY, SIZES, encoded, photograph
from benchmarks.table import console, print_rates
from lookalike.decoding import resizing
from lookalike.images import decode

Decoder = Callable[[bytes], object]

#: A folder of small JPEGs; without it, images are drawn.
IMAGES = os.environ.get("LOOKALIKE_PICTURES")
ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "5"))
SMALL_COUNT = 200
#: Small images, such as those of a product list, are about as large as the model's input.
SMALL_SIZES = ((175, 175), (224, 224), (200, 267))
SIZE = 224
#: The smallest side that our decoder decodes to before it resizes; the other decoders use the same.
LEAST = 2 * SIZE
FULL = "Pillow, full size"
OURS = "lookalike"
OURS_WITH_PILLOW = "lookalike, resized by Pillow"
#: As in ImageNet and on many pages.
MEDIUM_SIZE = (500, 375)
MEDIUM_COUNT = 40
MAX_PIXELS = 10**9


def main() -> None:
    decoders = {FULL: _pillow_whole, OURS_WITH_PILLOW: _ours_with_pillow, OURS: _ours, **dict(_candidates())}
    for title, files in _workloads():
        print_rates(f"Decode to {SIZE}: {title}", "images/s", _rates(decoders, files), baseline=OURS_WITH_PILLOW)


def _rates(decoders: dict[str, Decoder], files: Sequence[bytes]) -> dict[str, list[float]]:
    """Images per second of CPU, the decoders in turn; the first round is a warm-up and does not count."""
    rates: dict[str, list[float]] = {name: [] for name in decoders}
    for number in range(ROUNDS + 1):
        for name, decoder in decoders.items():
            began = time.process_time()
            for data in files:
                decoder(data)
            rates[name] += [len(files) / (time.process_time() - began)] if number else []
    return rates


def _workloads() -> Iterator[tuple[str, list[bytes]]]:
    small = small_jpegs()
    yield f"{len(small)} small JPEGs, {sum(map(len, small)) / len(small) / 1000:.0f} kB each", small
    medium = [encoded(photograph(*MEDIUM_SIZE, seed), "JPEG", quality=QUALITY) for seed in range(MEDIUM_COUNT)]
    yield f"{MEDIUM_SIZE[0]} x {MEDIUM_SIZE[1]} pixels", medium
    large = photograph(*SIZES[12])
    for subsampling in ("4:2:0", "4:4:4"):
        for progressive in (False, True):
            data = encoded(large, "JPEG", quality=QUALITY, subsampling=subsampling, progressive=progressive)
            form = "progressive" if progressive else "baseline"
            yield f"12 megapixels, {subsampling}, {form}, {len(data) / 1e6:.1f} MB", [data]


def small_jpegs() -> list[bytes]:
    if IMAGES:
        paths = sorted(Path(IMAGES).rglob("*.jpg"))
        return [path.read_bytes() for path in paths[:: max(1, len(paths) // SMALL_COUNT)]]
    drawn = (photograph(*SMALL_SIZES[seed % len(SMALL_SIZES)], seed) for seed in range(SMALL_COUNT))
    return [encoded(image, "JPEG", quality=QUALITY) for image in drawn]


def _ours(data: bytes) -> object:
    return decode(data, max_pixels=MAX_PIXELS, size=SIZE).pixels


def _ours_with_pillow(data: bytes) -> object:
    has_simd, resizing.HAS_SIMD = resizing.HAS_SIMD, False
    try:
        return _ours(data)
    finally:
        resizing.HAS_SIMD = has_simd


def _pillow_whole(data: bytes) -> object:
    with Image.open(BytesIO(data)) as image:
        return _resized(image.convert("RGB"))


def _resized(image: Image.Image) -> object:
    # A caller that wants an array needs the bytes, so their cost counts.
    return image.resize((SIZE, SIZE), Image.Resampling[resizing.RESAMPLING.name]).tobytes()


def _candidates() -> Iterator[tuple[str, Decoder]]:
    for name, make in (("simplejpeg", _simplejpeg), ("turbojpeg", _turbojpeg)):
        try:
            yield name, make(import_module(name))
        except (ImportError, RuntimeError) as error:
            console.print(f"{name} is not measured: {str(error).splitlines()[0]}")


def _simplejpeg(module: Any) -> Decoder:
    def decoder(data: bytes) -> object:
        pixels = module.decode_jpeg(data, "RGB", min_height=LEAST, min_width=LEAST, min_factor=1)
        return _resized(Image.fromarray(pixels))

    return decoder


def _turbojpeg(module: Any) -> Decoder:
    jpeg = module.TurboJPEG(os.environ.get("TURBOJPEG"))

    def decoder(data: bytes) -> object:
        width, height = jpeg.decode_header(data)[:2]
        factor = _factor(min(width, height), jpeg.scaling_factors)
        pixels = jpeg.decode(data, pixel_format=module.TJPF_RGB, scaling_factor=factor)
        return _resized(Image.fromarray(pixels))

    return decoder


def _factor(side: int, factors: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The smallest factor that leaves LEAST pixels; it never enlarges."""
    enough = [factor for factor in factors if side * factor[0] >= LEAST * factor[1] and factor[0] <= factor[1]]
    return min(enough, key=lambda factor: factor[0] / factor[1], default=(1, 1))

"""Images for the tests of decoding: one scene, in files with much beside its pixels."""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import testing.encoders  # noqa: F401
from lookalike.images import DecodedImage, decode

WIDTH, HEIGHT = 320, 200
MAX_PIXELS = 50_000_000


def scene() -> Image.Image:
    """Smooth, coloured, and different in each of the eight orientations."""
    across, down = np.meshgrid(np.linspace(0, 200, WIDTH), np.linspace(0, 160, HEIGHT))
    image = Image.fromarray(np.stack([across, down, 200 - across], axis=-1).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, 120, 90), fill=(230, 220, 40))
    draw.rectangle((200, 120, 300, 190), fill=(20, 130, 60))
    return image


def stored(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def seen(data: bytes) -> DecodedImage:
    return decode(data, max_pixels=MAX_PIXELS)


def squeezed(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR))


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference, in grey levels of 255."""
    return float(np.abs(one.astype(np.float64) - other).mean())


def chunk(name: bytes, content: bytes, *, has_right_sum: bool = True) -> bytes:
    checksum = zlib.crc32(name + content) ^ (0 if has_right_sum else 1)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def in_png(*more: bytes, image: Image.Image | None = None, before: bytes = b"IDAT") -> bytes:
    """The scene with further chunks before the first one of this name."""
    data = stored(image or scene(), "PNG")
    at = data.index(before) - 4
    return data[:at] + b"".join(more) + data[at:]


def in_jpeg(marker: int, *contents: bytes, image: Image.Image | None = None) -> bytes:
    """The scene with further segments behind the first one."""
    data = stored(image or scene(), "JPEG", quality=95)
    more = b"".join(b"\xff" + struct.pack(">BH", marker, 2 + len(content)) + content for content in contents)
    return data[:20] + more + data[20:]


def riff(data: bytes, *more: bytes) -> bytes:
    """A WebP with further chunks behind its own."""
    body = data[8:] + b"".join(more)
    return b"RIFF" + struct.pack("<I", len(body)) + body

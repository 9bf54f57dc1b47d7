"""Image files for the tests, and what becomes of them."""

import struct
import zlib

import pytest
from PIL import Image

from lookalike.errors import ImageRejected
from lookalike.records import Reason
from tests.decoding.files import seen

BROKEN = {Reason.TRUNCATED, Reason.CORRUPT, Reason.UNSUPPORTED, Reason.EMPTY, Reason.BOMB}
#: How an image must be turned before it is stored with orientation N, so that N turns it back.
STORED = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


def reason_for(data: bytes) -> Reason:
    with pytest.raises(ImageRejected) as caught:
        seen(data)
    assert caught.value.detail
    return caught.value.reason


def survives(data: bytes) -> Reason | None:
    """The reason of the rejection, or None if the image decodes; any other exception fails the test."""
    try:
        image = seen(data)
    except ImageRejected as rejected:
        return rejected.reason
    assert image.pixels.shape == (224, 224, 3)
    return None


def png(width: int, height: int, *chunks: tuple[bytes, bytes], tail: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, content in ((b"IHDR", header), *chunks):
        parts += [struct.pack(">I", len(content)), name, content, struct.pack(">I", zlib.crc32(name + content))]
    return b"".join(parts) + tail

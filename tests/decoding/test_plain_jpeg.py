"""Only JPEGs that all decoders take alike are left to those that know fewer kinds."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms

from lookalike.decoding import jpeg
from lookalike.decoding.plain_jpeg import is_plain


def written(mode: str = "RGB", **options: Any) -> bytes:
    data = BytesIO()
    Image.new(mode, (40, 30)).save(data, "JPEG", **options)
    return data.getvalue()


def frame_at(data: bytes) -> int:
    return data.index(b"\xff\xc0\x00\x11\x08")


def changed(place: int, value: int) -> bytes:
    """A JPEG with another byte in its frame, counted from its marker."""
    data = written(subsampling=0)
    at = frame_at(data) + place
    return data[:at] + bytes([value]) + data[at + 1 :]


PLAIN = {
    **{f"sampling {number}": written(subsampling=number) for number in (0, 1, 2)},
    "progressive": written(progressive=True),
    "grey": written("L"),
    "bytes after the end": written() + bytes(20),
}
OTHER = {
    "cmyk": written("CMYK"),
    "rgb": written(keep_rgb=True),
    "profile": written(icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
    "cut": written()[:-3],
    "sampling 4:4:0": changed(11, 0x12),
    "sampling 4:1:1": changed(11, 0x41),
    "grey with a sampling": written("L").replace(b"\x01\x01\x11\x00", b"\x01\x01\x22\x00"),
    "colours with more samples": changed(14, 0x21),
    "12 bits": changed(4, 12),
    "two components": changed(9, 2),
    "components named R, G and B": changed(10, 0x52).replace(
        b"\x52\x11\x00\x02\x11\x01\x03", b"\x52\x11\x00\x47\x11\x01\x42"
    ),
    **{f"frame {kind:x}": changed(1, kind) for kind in (0xC1, 0xC3, 0xC5, 0xC9, 0xCA)},
    "two frames": written().replace(written()[frame_at(written()) :][:19], 2 * written()[frame_at(written()) :][:19]),
    "no frame": written().replace(b"\xff\xc0", b"\xff\xfe"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_usual_jpegs_are_plain(name: str) -> None:
    assert is_plain(jpeg.reduced(PLAIN[name]))


@pytest.mark.parametrize("name", OTHER)
def test_all_others_are_not(name: str) -> None:
    assert not is_plain(jpeg.reduced(OTHER[name]))

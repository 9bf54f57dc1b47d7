"""Colours with an ICC profile are shown as sRGB; a profile that is broken or does not fit changes nothing."""

import struct
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageCms

from lookalike.decoding import profiles
from tests.decoding.files import difference, in_jpeg, scene, seen, squeezed, stored


def s15(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def profile(space: bytes, tags: dict[bytes, bytes], *, device: bytes = b"mntr", connection: bytes = b"XYZ ") -> bytes:
    """An ICC profile of version 2 with these tags (ICC.1:2001, 6)."""
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = bytes(4) + b"lcms" + struct.pack(">I", 0x02400000) + device + space + connection + bytes(12) + b"acsp"
    white = s15(0.9642) + s15(1.0) + s15(0.8249)
    whole = head.ljust(68, b"\0") + white + bytes(48) + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(s15, values))


def curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


#: Adobe RGB (1998), adapted to D50.
WIDE = profile(
    b"RGB ",
    {
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": xyz(0.14919, 0.06322, 0.74457),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(563 / 256)),
    },
)
LINEAR_GREY = profile(b"GRAY", {b"wtpt": xyz(0.9642, 1.0, 0.8249), b"kTRC": curve(1.0)})
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@cache
def inks() -> bytes:
    """Of a printer whose four inks are far from the usual ones: it has black where others have cyan."""
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 3)] * 4, indexing="ij"), -1).reshape(-1, 4)
    cyan, magenta, yellow, black = grid.T
    light = 100 * (1 - cyan) * (1 - 0.3 * magenta) * (1 - 0.1 * yellow) * (1 - 0.4 * black)
    lab = np.stack([light / 100 * 0xFF00, np.full_like(light, 0x8000), np.full_like(light, 0x8000)], -1)
    identity = struct.pack(">2H", 0, 65_535)
    table = b"mft2" + bytes(4) + bytes([4, 3, 3, 0]) + b"".join(map(s15, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table += struct.pack(">HH", 2, 2) + identity * 4 + lab.astype(">u2").tobytes() + identity * 3
    return profile(b"CMYK", {b"wtpt": xyz(0.9642, 1.0, 0.8249), b"A2B0": table}, device=b"prtr", connection=b"Lab ")


KINDS = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_wide_profile_makes_colours_stronger(kind: str) -> None:
    options = {"quality": 95} if kind in ("JPEG", "WEBP", "AVIF", "HEIF") else {}
    file = stored(Image.new("RGB", (64, 64), (60, 180, 60)), kind, icc_profile=WIDE, **options)
    red, green, blue = seen(file).pixels[112, 112].astype(int)
    # In linear light, sRGB's red is 1.398 R - 0.398 G of Adobe RGB and its blue 1.043 B - 0.043 G: below 0, and 0.023.
    assert red < 5 and abs(green - 181) < 4 and abs(blue - 42) < 4


@pytest.mark.parametrize("kind", KINDS)
def test_srgb_changes_nothing_and_computes_nothing(kind: str) -> None:
    assert np.array_equal(seen(stored(scene(), kind, icc_profile=SRGB)).pixels, seen(stored(scene(), kind)).pixels)
    assert profiles._transform(SRGB, "RGB") is None


def test_a_profile_of_grey_is_used() -> None:
    for kind in ("PNG", "JPEG", "TIFF"):
        shown = seen(stored(Image.new("L", (64, 64), 55), kind, icc_profile=LINEAR_GREY)).pixels
        assert abs(int(shown[100, 100, 0]) - 128) < 3
    deep = Image.fromarray(np.full((64, 64), 55 * 257, np.uint16))
    assert abs(int(seen(stored(deep, "TIFF", icc_profile=LINEAR_GREY)).pixels[100, 100, 0]) - 128) < 3


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_a_profile_of_inks_is_used(kind: str) -> None:
    image = Image.new("CMYK", (64, 64), (255, 0, 0, 0))
    with_profile = seen(stored(image, kind, icc_profile=inks())).pixels[100, 100]
    assert with_profile.max() < 30
    assert tuple(seen(stored(image, kind)).pixels[100, 100]) == (0, 255, 255)


def test_transparency_stays() -> None:
    image = Image.new("RGBA", (64, 64), (60, 180, 60, 255))
    image.paste((0, 0, 0, 0), (0, 0, 32, 64))
    pixels = seen(stored(image, "PNG", icc_profile=WIDE)).pixels
    assert (pixels[:, :110] == 255).all() and pixels[100, 200, 0] < 12


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(WIDE[:200], id="cut"),
        pytest.param(np.random.default_rng(1).bytes(3000), id="noise"),
        pytest.param(WIDE[:128] + np.random.default_rng(2).bytes(3000), id="noise behind a header"),
        pytest.param(LINEAR_GREY, id="of grey"),
        pytest.param(WIDE[:12] + b"link" + WIDE[16:], id="of no device"),
        pytest.param(WIDE + bytes(profiles.MAX_PROFILE_BYTES), id="too large"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_profile_that_is_broken_or_does_not_fit_is_passed_over(kind: str, content: bytes) -> None:
    if kind == "JPEG" and len(content) > 2**16 - 20:
        pieces = [content[at : at + 65_000] for at in range(0, len(content), 65_000)]
        marks = (b"ICC_PROFILE\0" + bytes([number, len(pieces)]) for number in range(1, len(pieces) + 1))
        data = in_jpeg(0xE2, *(mark + piece for mark, piece in zip(marks, pieces, strict=True)))
    else:
        data = stored(scene(), kind, icc_profile=content, **({"quality": 95} if kind != "PNG" else {}))
    assert difference(seen(data).pixels, squeezed(scene())) < 2.5


def test_a_profile_in_parts_is_put_together_in_order() -> None:
    """Parts may come in any order."""
    half = len(WIDE) // 2
    green = Image.new("RGB", (64, 64), (60, 180, 60))
    parts = (b"ICC_PROFILE\0\2\2" + WIDE[half:], b"ICC_PROFILE\0\1\2" + WIDE[:half])
    assert seen(in_jpeg(0xE2, *parts, image=green)).pixels[112, 112, 0] < 12


def test_few_profiles_are_kept() -> None:
    for number in range(30):
        seen(stored(scene(), "PNG", icc_profile=WIDE[:-1] + bytes([number])))
    assert len(profiles._ready) <= profiles._KEPT

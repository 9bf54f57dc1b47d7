"""What stands beside the pixels, however broken or large, does not decide whether an image is accepted."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lookalike import formats
from lookalike.errors import ImageRejected
from lookalike.records import Reason
from tests.decoding.files import chunk, difference, in_jpeg, in_png, riff, scene, seen, squeezed, stored

NOISE = np.random.default_rng(0).bytes(1_600_000)
LONG = b'{"nodes": [' + b'{"id": 1, "type": "sampler"},' * 60_000


def compressed(content: bytes) -> bytes:
    return zlib.compress(content, 1)


PNGS = {
    "a compressed text of 1.7 MB": in_png(chunk(b"zTXt", b"workflow\0\0" + compressed(LONG))),
    "an international text of 1.7 MB": in_png(chunk(b"iTXt", b"a\0\0\0\0\0" + LONG)),
    "XMP of 1.7 MB, compressed": in_png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + compressed(LONG))),
    "a profile of 1.6 MB": in_png(chunk(b"iCCP", b"printer\0\0" + compressed(NOISE))),
    "a profile that cannot be unpacked": in_png(chunk(b"iCCP", b"printer\0\0" + NOISE[:500])),
    "a profile without a name": in_png(chunk(b"iCCP", b"")),
    "a text that cannot be unpacked": in_png(chunk(b"zTXt", b"a\0\0" + NOISE[:500])),
    "a text without an end of its name": in_png(chunk(b"tEXt", b"a" * 500)),
    "a text behind the pixels": in_png(chunk(b"zTXt", b"a\0\0" + compressed(LONG)), before=b"IEND"),
    "a resolution of a wrong length": in_png(chunk(b"pHYs", b"\0")),
    "a gamma of a wrong length": in_png(chunk(b"gAMA", b"")),
    "chromaticities of a wrong length": in_png(chunk(b"cHRM", b"\0" * 3)),
    "a rendering intent of a wrong length": in_png(chunk(b"sRGB", b"")),
    "transparency of a wrong length": in_png(chunk(b"tRNS", b"\0")),
    "a count of frames of a wrong length": in_png(chunk(b"acTL", b"\0")),
    "a frame of a wrong length": in_png(chunk(b"acTL", bytes(8)), chunk(b"fcTL", b"\0")),
    "two frame counts": in_png(chunk(b"acTL", struct.pack(">II", 0, 0)) * 2),
    "a chunk that nobody knows": in_png(chunk(b"quUX", NOISE)),
    "pixels in pieces of three bytes": None,
} | {
    f"{name.decode()} with a wrong checksum": in_png(chunk(name, content, has_right_sum=False))
    for name, content in {
        b"tEXt": b"Software\0some editor",
        b"iCCP": b"p\0\0" + compressed(NOISE[:3000]),
        b"pHYs": struct.pack(">IIB", 2835, 2835, 1),
        b"eXIf": b"MM\0*",
        b"tIME": bytes(7),
    }.items()
}


def in_pieces(data: bytes) -> bytes:
    at = data.index(b"IDAT")
    content = data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at])]
    pieces = b"".join(chunk(b"IDAT", content[start : start + 3]) for start in range(0, len(content), 3))
    return data[: at - 4] + pieces + data[-12:]


PNGS["pixels in pieces of three bytes"] = in_pieces(stored(scene(), "PNG"))


@pytest.mark.parametrize("name", PNGS)
def test_a_png_is_shown_whatever_stands_beside_its_pixels(name: str) -> None:
    data = PNGS[name]
    assert data is not None
    assert difference(seen(data).pixels, squeezed(scene())) < 1


JPEGS = {
    "a JFIF segment that is too short": in_jpeg(0xE0, b"JFIF\0\1"),
    "an Adobe segment that is too short": in_jpeg(0xEE, b"Adobe"),
    "EXIF of one byte": in_jpeg(0xE1, b"Exif\0\0M"),
    "EXIF twice": in_jpeg(0xE1, b"Exif\0\0MM\0*", b"Exif\0\0II*\0"),
    "resources that are cut": in_jpeg(0xED, b"Photoshop 3.0\x008BIM\4\4\0"),
    "resources that are wrong": in_jpeg(0xED, b"Photoshop 3.0\x008BIM\3\xed\0\0\0\0\0\2ab"),
    "a profile without a number": in_jpeg(0xE2, b"ICC_PROFILE\0"),
    "a profile that is not whole": in_jpeg(0xE2, b"ICC_PROFILE\0\1\3abc", b"ICC_PROFILE\0\3\3abc"),
    "more images that are cut": in_jpeg(0xE2, b"MPF\0MM\0*"),
    "FlashPix": in_jpeg(0xE2, b"FPXR\0"),
    "1,000 comments": in_jpeg(0xFE, *[b"a"] * 1000),
}


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_is_shown_whatever_stands_beside_its_pixels(name: str) -> None:
    assert difference(seen(JPEGS[name]).pixels, squeezed(scene())) < 2.5


def test_fill_bytes_and_junk_between_segments_do_no_harm() -> None:
    data = stored(scene(), "JPEG", quality=95)
    for junk in (b"\xff" * 1000, b"\0\1\2" * 300):
        assert difference(seen(data[:20] + junk + data[20:]).pixels, squeezed(scene())) < 2.5


@pytest.mark.parametrize(
    "more",
    [
        (b"EXIF\3\0\0\0abc\0", b"XMP \0\0\0\0", b"ICCP\4\0\0\0abcd"),
        (b"ICCP\4\0\0\0abcd",) * 3,
        (b"quUX\0\0\0\0",) * 1000,
        (b"XMP \xff\xff\xff\x7f",),
    ],
)
@pytest.mark.parametrize("is_lossless", [True, False])
def test_a_webp_is_shown_whatever_stands_beside_its_pixels(more: tuple[bytes, ...], is_lossless: bool) -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    extended = stored(scene(), "WEBP", quality=95, lossless=is_lossless, exif=exif)
    plain = stored(scene(), "WEBP", quality=95, lossless=is_lossless)
    for data in (plain, extended):
        assert difference(seen(riff(data, *more)).pixels, squeezed(scene())) < 2.5


@pytest.mark.parametrize(
    "more",
    [
        b"!\xfe" + b"\xff" + b"c" * 255 + b"\0",
        b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0",
        b"!\xff\x0bNETSCAPE2.0\0",
        b"!\xff\x0bXMP DataXMP" + b"\5abcde" * 500 + b"\0",
        b"!\xff\0",
        b"!\1\x0c" + bytes(12) + b"\0",
        b"\0" * 50,
    ],
)
def test_a_gif_is_shown_whatever_stands_before_its_first_frame(more: bytes) -> None:
    data = stored(scene(), "GIF")
    frame = data.index(b",", 13 + 768)
    assert difference(seen(data[:frame] + more + data[frame:]).pixels, squeezed(scene())) < 6


def test_the_transparency_of_a_gif_survives() -> None:
    image = Image.new("P", (100, 100), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    data = stored(image, "GIF", transparency=0, comment=b"a comment")
    assert (seen(data).pixels == 255).all()


@pytest.mark.parametrize(
    "tag, kind", [(270, 2), (305, 2), (306, 2), (282, 5), (700, 1), (33723, 7), (34665, 4), (37724, 7)]
)
def test_a_tiff_is_shown_whatever_stands_beside_its_pixels(tag: int, kind: int) -> None:
    """An entry whose values lie far outside of the file, of an unknown type, or are not what they should be."""
    plain = stored(scene(), "TIFF", tiffinfo={270: "text"})
    at = plain.index(struct.pack("<HH", 270, 2))
    for entry in (
        struct.pack("<HHII", tag, kind, 5_000_000, 0xFFFFFF00),
        struct.pack("<HHII", tag, 99, 5, 8),
        struct.pack("<HHII", tag, kind, 0, 0),
        struct.pack("<HHII", tag, kind, 2**31, 8),
    ):
        assert difference(seen(plain[:at] + entry + plain[at + 12 :]).pixels, squeezed(scene())) < 1


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg", "tiff_adobe_deflate", "packbits", "group4"])
@pytest.mark.parametrize("is_big", [False, True])
def test_a_tiff_of_every_compression_is_shown(compression: str, is_big: bool) -> None:
    image = scene().convert("1") if compression == "group4" else scene()
    data = stored(image, "TIFF", compression=compression, big_tiff=is_big, strip_size=5000)
    assert difference(seen(data).pixels, squeezed(image.convert("L") if image.mode == "1" else image)) < 2.5


def with_thumbnail(*, first: Image.Image, then: Image.Image, mark: int) -> bytes:
    """A TIFF of two images, the first one marked with a kind of sub-file."""
    file = io.BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=[then], tiffinfo={254: mark})
    data = file.getvalue()
    # Pillow marks both.
    second = data.rindex(struct.pack("<HHI", 254, 4, 1)) + 8
    return data[:second] + bytes(4) + data[second + 4 :]


def test_the_first_full_image_of_a_tiff_is_used() -> None:
    small = Image.new("RGB", (32, 20), "red")
    shown = seen(with_thumbnail(first=small, then=scene(), mark=1))
    assert (shown.width, shown.height) == scene().size
    assert difference(shown.pixels, squeezed(scene())) < 1
    assert seen(with_thumbnail(first=small, then=scene(), mark=0)).width == 32
    assert seen(stored(scene(), "TIFF", tiffinfo={254: 1})).width == scene().width


def test_broken_pixels_are_rejected_although_much_stands_beside_them() -> None:
    data = bytearray(PNGS["a compressed text of 1.7 MB"] or b"")
    at = data.index(b"IDAT") + 10
    data[at : at + 60] = bytes(60)
    with pytest.raises(ImageRejected) as caught:
        seen(bytes(data))
    assert caught.value.reason is Reason.CORRUPT


XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {}</x:xmpmeta>'
ATTRIBUTE = XMP.format('tiff:Orientation="6"/>').encode()
ELEMENT = XMP.format("><tiff:Orientation>6</tiff:Orientation></rdf:Description>").encode()
#: How the scene is stored so that orientation 6 turns it upright.
TURNED = scene().transpose(Image.Transpose.ROTATE_90)


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[formats.ORIENTATION] = orientation
    return exif.tobytes()


def turned_files(xmp: bytes, exif: bytes) -> dict[str, bytes]:
    """The turned scene with XMP and EXIF, where each format has them."""
    adobe = b"http://ns.adobe.com/xap/1.0/\0"
    tiff_exif = {} if not exif else {"tiffinfo": {formats.ORIENTATION: exif[-6]}}
    return {
        "JPEG": in_jpeg(0xE1, adobe + xmp[:60_000], *[exif] * bool(exif), image=TURNED),
        "PNG": in_png(
            chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp), *[chunk(b"eXIf", exif[6:])] * bool(exif), image=TURNED
        ),
        "PNG, compressed": in_png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0a\0" + compressed(xmp)), image=TURNED),
        "PNG, behind the pixels": in_png(
            chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp), image=TURNED, before=b"IEND"
        ),
        "WebP": stored(TURNED, "WEBP", quality=95, xmp=xmp, exif=exif),
        "TIFF": stored(TURNED, "TIFF", **({"tiffinfo": {700: xmp}} | tiff_exif)),
    }


@pytest.mark.parametrize(
    "xmp", [ATTRIBUTE, ELEMENT, ATTRIBUTE + b" " * 3_000_000], ids=["attribute", "element", "long"]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PNG, compressed", "PNG, behind the pixels", "WebP", "TIFF"])
def test_xmp_tells_the_orientation_if_exif_does_not(kind: str, xmp: bytes) -> None:
    image = seen(turned_files(xmp, b"")[kind])
    assert (image.width, image.height) == scene().size
    assert difference(image.pixels, squeezed(scene())) < 2.5


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
def test_exif_wins_over_xmp_unless_it_is_broken(kind: str) -> None:
    assert seen(turned_files(ATTRIBUTE, exif_of(1))[kind]).width == TURNED.width
    for broken in (exif_of(0), exif_of(99), b"Exif\0\0MM\0*\xff\xff\xff\xff"):
        assert seen(turned_files(ATTRIBUTE, broken)[kind]).width == scene().width


def test_the_tag_of_a_tiff_wins_over_its_xmp() -> None:
    data = stored(TURNED, "TIFF", tiffinfo={700: ATTRIBUTE, formats.ORIENTATION: 1})
    assert seen(data).width == TURNED.width

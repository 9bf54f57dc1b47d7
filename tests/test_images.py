"""Images in every format decode as expected, and broken ones are rejected with a reason."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from lookalike import formats
from lookalike.errors import ImageRejected
from lookalike.images import decode, thumbnail, to_file
from lookalike.records import Reason
from tests.decoding.files import HEIGHT, MAX_PIXELS, WIDTH, difference, scene, seen, squeezed, stored

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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL"])
def test_every_supported_format_shows_the_scene(kind: str) -> None:
    image = seen(stored(scene(), kind))
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert image.pixels.shape == (224, 224, 3)
    assert image.pixels.dtype == np.uint8
    assert difference(image.pixels, squeezed(scene())) < (6 if kind == "GIF" else 2.5)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "TIFF lzw", "AVIF", "HEIF"])
def test_all_eight_orientations_are_shown_upright(kind: str, orientation: int) -> None:
    name, _, compression = kind.partition(" ")
    exif = Image.Exif()
    exif[formats.ORIENTATION] = orientation
    options = {"tiffinfo": {formats.ORIENTATION: orientation}} if name == "TIFF" else {"exif": exif}
    if compression:
        options["compression"] = f"tiff_{compression}"  # type: ignore[assignment]
    image = seen(stored(STORED[orientation](scene()), name, **options))
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert difference(image.pixels, squeezed(scene())) < 2.5


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_an_image_with_broken_exif_decodes(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker with a long name"
    exif[0x011A] = 300.0
    whole = exif.tobytes()
    for broken in (
        b"XXXX" + whole[10:],
        whole[6:10] + b"\xff\xff\xff\xf0" + whole[14:],
        whole[6:14] + b"\xff\xff" + whole[16:],
        whole[6:16] + b"\xff" * 24 + whole[40:],
    ):
        # Pillow writes no AVIF with broken EXIF, and a PNG's must have its checksum: one is patched, one written.
        data = stored(scene(), kind, exif=whole if kind == "AVIF" else b"Exif\0\0" + broken)
        assert difference(seen(data.replace(whole[6:], broken)).pixels, squeezed(scene())) < 2.5


def test_the_orientation_is_read_even_when_the_rest_of_the_exif_is_broken() -> None:
    entries = struct.pack(">HHII", 0x010F, 2, 4_000_000, 0xFFFFFFF0) + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 2) + entries
    image = seen(stored(STORED[6](scene()), "JPEG", exif=exif))
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert difference(image.pixels, squeezed(scene())) < 2.5


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    for exif in (
        b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0),
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 4, 1, orientation),
    ):
        assert difference(seen(stored(scene(), "JPEG", exif=b"Exif\0\0" + exif)).pixels, squeezed(scene())) < 2.5


@pytest.mark.parametrize("mode", ["CMYK", "L"])
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_other_colour_spaces_look_like_rgb(mode: str, kind: str) -> None:
    large = scene().resize((WIDTH * 5, HEIGHT * 5)).convert(mode)
    assert difference(seen(stored(large, kind)).pixels, squeezed(large)) < 2.5


def test_a_large_jpeg_decoded_at_a_scale_looks_the_same() -> None:
    large = scene().resize((WIDTH * 9, HEIGHT * 9))
    image = seen(stored(large, "JPEG", quality=95))
    assert (image.width, image.height) == large.size
    assert difference(image.pixels, squeezed(large)) < 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_looks_like_eight_bit_grey(kind: str) -> None:
    grey = scene().convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert deep.mode == "I;16"
    assert difference(seen(stored(deep, kind)).pixels, squeezed(grey)) < 1


def test_big_endian_sixteen_bit_grey_looks_like_eight_bit_grey() -> None:
    grey = scene().convert("L")
    deep = Image.frombytes("I;16B", grey.size, (np.asarray(grey).astype(">u2") * 257).tobytes())
    data = stored(deep, "TIFF")
    assert Image.open(io.BytesIO(data)).mode == "I;16B"
    assert difference(seen(data).pixels, squeezed(grey)) < 1


@pytest.mark.parametrize(
    "white, dtype", [(1, np.float32), (255, np.float32), (65535, np.float32), (255, np.int32), (65535, np.int32)]
)
def test_thirty_two_bit_grey_is_scaled_to_its_white(white: int, dtype: type) -> None:
    grey = scene().convert("L")
    levels = np.asarray(grey) / 255 * white
    assert difference(seen(stored(Image.fromarray(levels.astype(dtype)), "TIFF")).pixels, squeezed(grey)) < 2


def test_nan_values_do_not_spoil_an_image() -> None:
    levels = np.asarray(scene().convert("L")).astype(np.float32)
    levels[:20] = np.nan
    assert (
        difference(seen(stored(Image.fromarray(levels), "TIFF")).pixels[40:], squeezed(scene().convert("L"))[40:]) < 1
    )
    levels[:20], levels[20:40] = np.inf, -np.inf
    assert survives(stored(Image.fromarray(levels), "TIFF")) is None


def test_one_bit_images_keep_black_and_white() -> None:
    pixels = seen(stored(scene().convert("1"), "PNG")).pixels
    assert difference(pixels, squeezed(scene().convert("1").convert("L"))) < 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_become_white(mode: str) -> None:
    image = scene().convert(mode)
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (0, 0, WIDTH // 2, HEIGHT))
    image.putalpha(alpha)
    pixels = seen(stored(image, "PNG")).pixels
    assert (pixels[:, :110] == 255).all()
    assert difference(pixels[:, 114:], squeezed(scene().convert(mode))[:, 114:]) < 1


def test_half_transparent_black_becomes_grey() -> None:
    pixels = seen(stored(Image.new("RGBA", (50, 50), (0, 0, 0, 128)), "PNG")).pixels
    assert difference(pixels, np.full_like(pixels, 127)) <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_becomes_white(kind: str) -> None:
    image = Image.new("P", (100, 100), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (50, 0, 100, 100))
    pixels = seen(stored(image, kind, transparency=0)).pixels
    assert (pixels[:, :108] == 255).all()
    assert (pixels[:, 116:] == (0, 0, 255)).all()


@pytest.mark.parametrize("mode, key", [("L", 0), ("RGB", (0, 0, 0))])
def test_the_transparent_colour_of_an_image_without_alpha_becomes_white(mode: str, key: object) -> None:
    assert (seen(stored(Image.new(mode, (40, 40)), "PNG", transparency=key)).pixels == 255).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "HEIF"])
def test_the_first_frame_of_an_animation_is_used(kind: str) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "lime", "blue")]
    pixels = seen(stored(frames[0], kind, save_all=True, append_images=frames[1:])).pixels
    assert difference(pixels, squeezed(frames[0])) < 3


def test_the_content_decides_the_format_and_the_size_is_as_asked(tmp_path: Path) -> None:
    misnamed = tmp_path / "image.jpg"
    scene().save(misnamed, "PNG")
    assert decode(misnamed.read_bytes(), max_pixels=MAX_PIXELS, size=96).pixels.shape == (96, 96, 3)


def test_an_image_of_one_pixel_decodes() -> None:
    assert (seen(stored(Image.new("RGB", (1, 1), "teal"), "PNG")).pixels == (0, 128, 128)).all()


def test_no_bytes_are_rejected_as_empty() -> None:
    assert reason_for(b"") is Reason.EMPTY


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"BM is how this text begins, and it is not a image",
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40),
        b"P6 1 1 255 abc",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0",
    ],
)
def test_other_content_is_rejected_as_unsupported(data: bytes) -> None:
    assert reason_for(data) is Reason.UNSUPPORTED


def test_a_header_that_claims_too_many_pixels_is_a_bomb() -> None:
    assert reason_for(png(50_000, 50_000, (b"IDAT", zlib.compress(bytes(1000))))) is Reason.BOMB


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL"])
def test_the_limit_on_pixels_holds_for_every_format(kind: str) -> None:
    data = stored(scene(), kind)
    decode(data, max_pixels=WIDTH * HEIGHT)
    with pytest.raises(ImageRejected) as caught:
        decode(data, max_pixels=WIDTH * HEIGHT - 1)
    assert caught.value.reason is Reason.BOMB


def test_only_the_limit_of_the_caller_applies() -> None:
    large = Image.new("L", (9500, 9500), 200)
    image = decode(stored(large, "TIFF", compression="tiff_lzw"), max_pixels=100_000_000)
    assert (image.width, image.height) == large.size
    assert (image.pixels == 200).all()


def test_a_webp_canvas_that_is_too_large_is_rejected_before_memory_is_allocated() -> None:
    canvas = b"\x02\0\0\0" + (65_534).to_bytes(3, "little") * 2
    chunk = b"VP8X" + struct.pack("<I", 10) + canvas
    assert reason_for(b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk) is Reason.BOMB


def test_a_text_that_unpacks_to_a_hundred_megabytes_is_not_unpacked() -> None:
    text = b"comment\0\0" + zlib.compress(bytes(100_000_000))
    rows = zlib.compress(bytes(10 * 31))
    assert survives(png(10, 10, (b"zTXt", text), (b"IDAT", rows), (b"IEND", b""))) is None


@pytest.mark.parametrize("width, height", [(0, 10), (10, 0)])
def test_an_image_without_pixels_is_corrupt(width: int, height: int) -> None:
    assert reason_for(png(width, height, (b"IDAT", zlib.compress(b"")), (b"IEND", b""))) is Reason.CORRUPT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "TIFF lzw", "AVIF", "HEIF", "JXL"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_image_that_is_cut_anywhere_is_rejected_with_a_reason(kind: str) -> None:
    name, _, compression = kind.partition(" ")
    options = {"compression": f"tiff_{compression}"} if compression else {}
    data = stored(scene().resize((80, 50)), name, **options)
    found = [survives(data[:end]) for end in range(0, len(data), 10 if len(data) < 8000 else 40)]
    assert set(found) <= BROKEN | {None}
    # A cut in the middle is recognized as truncation; a cut in the first bytes cannot be.
    assert found[len(found) // 2] is Reason.TRUNCATED
    assert found.count(Reason.TRUNCATED) > 0.9 * len(found)


def test_a_damaged_image_with_its_end_is_corrupt() -> None:
    data = bytearray(stored(scene(), "PNG"))
    middle = data.index(b"IDAT") + 4
    data[middle : middle + 40] = bytes(40)
    assert reason_for(bytes(data)) is Reason.CORRUPT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "TIFF lzw", "AVIF", "HEIF", "JXL"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_flipped_bytes_never_raise_anything_else(kind: str) -> None:
    chance = np.random.default_rng(20)
    name, _, compression = kind.partition(" ")
    options = {"compression": f"tiff_{compression}"} if compression else {}
    data = stored(scene().resize((64, 40)), name, **options)
    found = set()
    for turn in range(150):
        broken = bytearray(data)
        # Headers are where parsers break, so that every other time only they are hit.
        reach = len(broken) if turn % 2 else min(len(broken), 200)
        for at in chance.integers(0, reach, size=1 + turn % 8):
            broken[at] = chance.integers(256)
        found.add(survives(bytes(broken)))
    assert found <= BROKEN | {None}
    assert len(found) > 1


def test_random_bytes_after_a_valid_beginning_are_rejected() -> None:
    chance = np.random.default_rng(21)
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL"):
        start = stored(Image.new("RGB", (8, 8)), kind)[:20]
        for _ in range(5):
            assert survives(start + chance.bytes(500)) in BROKEN | {None}


def test_a_long_text_in_a_png_does_no_harm() -> None:
    information = PngImagePlugin.PngInfo()
    information.add_text("parameters", "a long prompt " * 1000, zip=True)
    assert difference(seen(stored(scene(), "PNG", pnginfo=information)).pixels, squeezed(scene())) < 1


def small(data: bytes, size: int) -> Image.Image:
    """The thumbnail as a Pillow image."""
    opened = Image.open(io.BytesIO(thumbnail(data, max_pixels=MAX_PIXELS, size=size)))
    assert (opened.format, opened.mode) == ("JPEG", "RGB")
    return opened


@pytest.mark.parametrize("kind", formats.FORMATS)
def test_a_thumbnail_shows_the_scene(kind: str) -> None:
    image = small(stored(scene(), kind), 80)
    assert image.size == (80, 50)
    assert difference(squeezed(image), squeezed(scene().resize((80, 50)))) < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[formats.ORIENTATION] = orientation
    image = small(stored(STORED[orientation](scene()), "JPEG", exif=exif), 160)
    assert image.size == (160, 100)
    assert difference(squeezed(image), squeezed(scene())) < 8


def test_a_thumbnail_is_never_enlarged_and_has_at_least_one_pixel() -> None:
    assert small(stored(scene(), "PNG"), 1024).size == (WIDTH, HEIGHT)
    assert small(stored(Image.new("RGB", (1, 3000)), "PNG"), 32).size == (1, 32)
    assert small(stored(Image.new("L", (3000, 2000), 90), "JPEG"), 32).size == (32, 21)


def test_transparent_parts_of_a_thumbnail_are_white() -> None:
    assert small(stored(Image.new("RGBA", (50, 50)), "PNG"), 32).getpixel((9, 9)) == (255, 255, 255)


@pytest.mark.parametrize("data", [b"", b"text", stored(scene(), "JPEG")[:900]])
def test_a_thumbnail_of_undecodable_bytes_is_rejected(data: bytes) -> None:
    with pytest.raises(ImageRejected):
        thumbnail(data, max_pixels=MAX_PIXELS, size=64)
    with pytest.raises(ImageRejected, match="bomb"):
        thumbnail(stored(scene(), "PNG"), max_pixels=1000, size=64)


#: A ramp from black to white in every mode that a PIL image can have.
RAMPS = {
    mode: Image.linear_gradient("L").convert("RGB").convert(mode)
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "RGBX", "I", "F")
} | {
    "LA": Image.linear_gradient("L").convert("LA"),
    "PA": Image.linear_gradient("L").convert("RGBA").convert("P").convert("PA"),
    "RGBa": Image.linear_gradient("L").convert("RGBA").convert("RGBa"),
    "I;16": Image.fromarray(np.asarray(Image.linear_gradient("L")).astype(np.uint16) * 257),
}


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("mode", RAMPS)
def test_an_image_of_any_mode_becomes_a_file(mode: str, compressed: bool) -> None:
    image = RAMPS[mode]
    decoded = seen(to_file(image, compressed=compressed))
    assert image.mode == mode and (decoded.width, decoded.height) == image.size
    assert decoded.pixels[:20].mean() < 30 and decoded.pixels[-20:].mean() > 225


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_that_is_made_of_an_image_shows_the_same_pixels(compressed: bool) -> None:
    assert np.array_equal(seen(to_file(scene(), compressed=compressed)).pixels, seen(stored(scene(), "PNG")).pixels)


#: Grey values that are not smooth, so that the order of scaling and levelling matters.
NOISE = np.random.default_rng(0).integers(0, 4096, (480, 640))
DEEP = {
    "I;16": NOISE.astype("<u2"),
    "I;16L": NOISE.astype("<u2"),
    "I;16B": NOISE.astype(">u2"),
    "I": (NOISE * 100).astype("<i4"),
    "F": (NOISE / 4096).astype("<f4"),
}


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("mode", DEEP)
def test_deep_grey_has_the_same_levels_as_its_file(mode: str, compressed: bool) -> None:
    image = Image.frombytes(mode, (640, 480), DEEP[mode].tobytes())
    from_file = seen(stored(image, "TIFF")).pixels
    assert np.array_equal(seen(to_file(image, compressed=compressed)).pixels, from_file)
    assert from_file.std() > 0


def test_grey_of_the_byte_order_of_the_machine_becomes_a_file() -> None:
    image = Image.frombytes("I;16N", (640, 480), NOISE.astype("=u2").tobytes())
    expected = seen(to_file(Image.fromarray(NOISE.astype(np.uint16)), compressed=True)).pixels
    assert np.array_equal(seen(to_file(image, compressed=True)).pixels, expected)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("mode", ["I", "F"])
def test_the_orientation_of_deep_grey_is_kept(mode: str, compressed: bool) -> None:
    exif = Image.Exif()
    exif[formats.ORIENTATION] = 6
    image = Image.frombytes(mode, (640, 480), DEEP[mode].tobytes())
    upright = seen(to_file(image.transpose(Image.Transpose.ROTATE_270), compressed=compressed))
    image.info["exif"] = exif.tobytes()
    turned = seen(to_file(image, compressed=compressed))
    assert (turned.width, turned.height) == (upright.width, upright.height) == (480, 640)
    assert np.abs(turned.pixels.astype(int) - upright.pixels).max() <= 1


@pytest.mark.parametrize("orientation", STORED)
def test_the_orientation_of_an_opened_image_is_kept(orientation: int) -> None:
    exif = Image.Exif()
    exif[formats.ORIENTATION] = orientation
    data = stored(STORED[orientation](scene()), "PNG", exif=exif)
    with Image.open(io.BytesIO(data)) as opened:
        for compressed in (True, False):
            assert np.array_equal(seen(to_file(opened, compressed=compressed)).pixels, seen(data).pixels)


def test_an_image_that_breaks_while_it_is_loaded_is_rejected() -> None:
    with Image.open(io.BytesIO(stored(scene(), "JPEG")[:2000])) as opened, pytest.raises(ImageRejected):
        to_file(opened, compressed=True)

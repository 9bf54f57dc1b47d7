"""Photos of phones: the primary image of an HEIF, whatever else the file holds."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from lookalike.decoding import cicp, heif, heif_items, hevc
from lookalike.decoding.encoded import Parts
from lookalike.decoding.profiles import to_srgb
from lookalike.errors import ImageRejected
from lookalike.images import decode
from lookalike.records import Reason
from testing.processes import ROOT
from tests.decoding.files import HEIGHT, MAX_PIXELS, WIDTH, difference, scene, seen, squeezed, stored


def written(mode: str, values: np.ndarray, **options: object) -> bytes:
    """An HEIF of pixels [H, W, channels] in a mode of pillow_heif, such as `RGB;16`."""
    file = io.BytesIO()
    image = pillow_heif.from_bytes(mode=mode, size=values.shape[1::-1], data=np.ascontiguousarray(values).tobytes())
    image.save(file, **{"quality": 90, "chroma": 444, "enc_params": {"preset": "ultrafast"}} | options)
    return file.getvalue()


def rejected(data: bytes, max_pixels: int = MAX_PIXELS) -> ImageRejected:
    with pytest.raises(ImageRejected) as caught:
        decode(data, max_pixels=max_pixels)
    return caught.value


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


@pytest.mark.parametrize("chroma", [420, 422, 444])
@pytest.mark.parametrize("deep", [False, True])
def test_pixels_of_8_and_10_bits_are_shown(chroma: int, deep: bool) -> None:
    values = np.asarray(scene())
    data = written("RGB;16", values.astype(np.uint16) * 257, chroma=chroma) if deep else written("RGB", values)
    image = seen(data)
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert difference(image.pixels, squeezed(scene())) < 3


@pytest.mark.parametrize("mode, factor", [("L", 1), ("L;16", 257)])
def test_grey_is_shown(mode: str, factor: int) -> None:
    values = np.asarray(scene().convert("L")).astype(np.uint8 if factor == 1 else np.uint16) * factor
    assert difference(seen(written(mode, values)).pixels, squeezed(scene().convert("L"))) < 3


@pytest.mark.parametrize("mode, factor", [("RGBA", 1), ("RGBA;16", 257)])
def test_transparent_parts_are_white(mode: str, factor: int) -> None:
    values = np.zeros((64, 96, 4), np.uint8 if factor == 1 else np.uint16)
    values[:, 48:] = np.array([0, 0, 255, 255]) * factor
    pixels = seen(written(mode, values)).pixels
    assert (pixels[:, :100] > 250).all()
    assert difference(pixels[:, 124:], np.broadcast_to([0, 0, 255], (224, 100, 3))) < 4


def test_a_grid_of_tiles_is_one_image() -> None:
    image = seen(written("RGB", np.asarray(scene()), tile_size=128))
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert difference(image.pixels, squeezed(scene())) < 3


def with_more() -> bytes:
    """The scene as the second of three images, with thumbnails and EXIF that turns nothing."""
    others = [Image.new("RGB", (64, 64), colour) for colour in ("red", "lime")]
    file = pillow_heif.HeifFile()
    for image in (others[0], scene(), others[1]):
        file.add_from_pillow(image)
    file[1].info["thumbnails"] = [64]
    content = io.BytesIO()
    file.save(content, primary_index=1, quality=90, chroma=444, enc_params={"preset": "ultrafast"})
    return content.getvalue()


def test_only_the_primary_image_is_left_of_a_burst_with_thumbnails() -> None:
    data = with_more()
    assert data.count(b"hvc1") == 4
    assert heif.reduced(data).data.count(b"hvc1") == 1
    assert difference(seen(data).pixels, squeezed(scene())) < 3


@pytest.mark.parametrize(
    "more",
    [
        box(b"moov", box(b"trak", box(b"tkhd", b"\xff" * 20))),
        box(b"uuid", bytes(100_000)),
        box(b"free", b""),
        struct.pack(">I4sQ", 1, b"mpvd", 5016) + bytes(5000),
    ],
)
def test_what_stands_beside_the_image_does_no_harm(more: bytes) -> None:
    """A live photo's film, and brands of a sequence."""
    plain = stored(scene(), "HEIF")
    for data in (plain + more, plain.replace(b"mif1", b"msf1") + more):
        assert difference(seen(data).pixels, squeezed(scene())) < 3


def test_broken_references_beside_the_image_do_no_harm() -> None:
    """A thumbnail of an image that does not exist."""
    data = with_more()
    at = data.index(b"thmb")
    assert difference(seen(data[: at + 8] + b"\x77\x77" + data[at + 10 :]).pixels, squeezed(scene())) < 3


def test_exif_turns_no_image_that_its_boxes_turn() -> None:
    """The encoder writes both; the boxes count."""
    turned = scene().transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = stored(turned, "HEIF", exif=exif)
    assert b"irot" in data and seen(data).width == WIDTH
    unturned = data.replace(b"irot", b"free")
    assert seen(unturned).width == turned.width


P3, BT2020, SRGB, LINEAR, PQ, HLG = 12, 9, 13, 8, 16, 18


def test_codes_of_colours_are_shown_as_their_profile() -> None:
    """Display P3: the green that it calls half is brighter in sRGB, as LittleCMS computes from the ICC profile."""
    values = np.full((64, 64, 3), (60, 200, 60), np.uint8)
    shown = seen(written("RGB", values, color_primaries=P3, transfer_characteristics=SRGB)).pixels[100, 100]
    expected = to_srgb(Image.fromarray(values), cicp.profile(P3, SRGB)).getpixel((0, 0))
    assert difference(shown, np.array(expected)) < 3
    # Worked out from the matrices of SMPTE EG 432-1 and IEC 61966-2-1.
    assert difference(np.array(expected), np.array([0, 203, 11])) < 2
    assert difference(seen(written("RGB", values)).pixels[100, 100], values[0, 0]) < 3


def test_codes_of_srgb_and_unknown_ones_need_no_profile() -> None:
    for codes in ((1, 13), (2, 2), (1, 1), (0, 99), (1, 6)):
        assert cicp.profile(*codes) == b""


@pytest.mark.parametrize("curve, page", [(PQ, 0.5807), (HLG, 0.75)])
def test_of_hdr_white_of_a_page_is_nearly_white_and_black_is_black(curve: int, page: float) -> None:
    """Signals of 203 cd/m2: ITU-R BT.2408, table 1."""
    levels = np.array([0, 0.2, 0.4, page, 0.9, 1]) * 65535
    values = np.repeat(levels.astype(np.uint16), 64 * 3).reshape(1, -1, 3).repeat(64, axis=0)
    shown = seen(written("RGB;16", values, color_primaries=BT2020, transfer_characteristics=curve)).pixels
    grey = [int(shown[112, round((number + 0.5) * 224 / 6), 1]) for number in range(6)]
    assert grey[0] < 6 and 215 < grey[3] < 240 and grey[5] > 250
    assert grey == sorted(grey)


@pytest.mark.parametrize("primaries", [1, 5, 6, 9, 11, 12, 22])
@pytest.mark.parametrize("curve", [4, 5, 8, 13, 16, 17, 18])
def test_profiles_that_are_made_of_codes_are_read(primaries: int, curve: int) -> None:
    made = cicp.profile(primaries, curve)
    if made:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(made)).profile
        assert opened.xcolor_space.strip() == "RGB"
        white = to_srgb(Image.new("RGB", (1, 1), "white"), made)
        assert np.asarray(white).min() > 252


def test_an_image_may_not_claim_more_pixels_inside_than_outside() -> None:
    data = stored(scene().resize((640, 400)), "HEIF")
    size = struct.pack(">II", 640, 400)
    assert rejected(data, 640 * 400 - 1).reason is Reason.BOMB
    assert rejected(data.replace(size, struct.pack(">II", 64, 64)), 640 * 400 - 1).reason is Reason.BOMB
    assert rejected(data.replace(size, struct.pack(">II", 65535, 65535))).reason is Reason.BOMB


def test_deep_pixels_without_subsampling_count_for_more() -> None:
    """libheif needs 20 bytes for each, and 13 are allowed."""
    deep = written("RGB;16", np.asarray(scene()).astype(np.uint16) * 257)
    assert rejected(deep, WIDTH * HEIGHT * 3 // 2).reason is Reason.BOMB
    assert decode(deep, max_pixels=WIDTH * HEIGHT * 2).width == WIDTH


@pytest.mark.parametrize("offset", [16, 17])
def test_a_configuration_that_lies_about_its_stream_is_corrupt(offset: int) -> None:
    """The deeper samples that it promises would be written behind the decoded ones."""
    for image in (scene(), scene().convert("L")):
        data = stored(image, "HEIF")
        at = data.index(b"hvcC") + 4 + offset
        lying = data[:at] + bytes([data[at] ^ 3]) + data[at + 1 :]
        assert rejected(lying).reason is Reason.CORRUPT


def test_one_image_with_many_pictures_is_corrupt() -> None:
    items = heif_items.read(stored(scene().resize((64, 64)), "HEIF"))
    configuration, stream = items.property(items.primary, b"hvcC"), bytes(items.content(items.primary))
    assert hevc.claim(configuration, stream, Parts("units"))[:2] == (64, 64)
    with pytest.raises(ImageRejected, match="2 pictures"):
        hevc.claim(configuration, 2 * stream, Parts("units"))
    with pytest.raises(ImageRejected, match="more than 99 units"):
        hevc.claim(configuration, 100 * b"\0\0\0\1a", Parts("units", 99))


def test_transformations_are_counted() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = stored(scene(), "HEIF", exif=exif)
    items = heif_items.read(data)
    turning = next(number for number, found in enumerate(items.properties) if found.name == b"irot") + 1
    table = data.index(b"ipma") + 4
    end = table - 8 + int.from_bytes(data[table - 8 : table - 4])
    many = bytes([128 | turning]) * 200
    entry = struct.pack(">IIHB", 0, 1, items.primary, 200) + many
    grown = data[: table - 8] + box(b"ipma", entry) + data[end:]
    more = len(entry) + 8 - (end - table + 8)
    for name in (b"meta", b"iprp"):
        at = grown.index(name) - 4
        grown = grown[:at] + struct.pack(">I", int.from_bytes(grown[at : at + 4]) + more) + grown[at + 4 :]
    assert rejected(grown).reason is Reason.BOMB


@pytest.mark.parametrize("kind", [b"unci", b"av01", b"jpeg", b"iovl", b"mski", b"Exif", b"tmap"])
def test_other_codings_are_unsupported_and_never_reach_the_library(kind: bytes) -> None:
    found = rejected(stored(scene(), "HEIF").replace(b"hvc1", kind))
    assert found.reason is Reason.UNSUPPORTED and kind.decode() in found.detail


def test_a_grid_of_itself_is_unsupported() -> None:
    data = written("RGB", np.asarray(scene()), tile_size=128)
    at = data.index(b"dimg") + 4
    own = data[at : at + 2]
    count = int.from_bytes(data[at + 2 : at + 4])
    ring = data[: at + 4] + own * count + data[at + 4 + 2 * count :]
    assert rejected(ring).reason is Reason.UNSUPPORTED


def test_a_grid_that_names_a_tile_twice_is_corrupt() -> None:
    """Of thousands of names, each would be looked at."""
    data = written("RGB", np.asarray(scene()), tile_size=128)
    at = data.index(b"dimg") + 8
    twice = rejected(data[: at + 2] + data[at : at + 2] + data[at + 4 :])
    assert twice.reason is Reason.CORRUPT and "twice" in twice.detail


@pytest.mark.parametrize("name", [b"pitm", b"iloc", b"iinf", b"iprp", b"hvcC", b"ispe"])
def test_a_file_without_a_table_is_rejected(name: bytes) -> None:
    assert rejected(stored(scene(), "HEIF").replace(name, b"free")).reason in {Reason.CORRUPT, Reason.TRUNCATED}


def test_a_sequence_without_a_still_image_says_so() -> None:
    data = box(b"ftyp", b"hevc\0\0\0\0msf1hevc") + box(b"moov", bytes(100))
    assert "sequence" in rejected(data).detail and rejected(data).reason is Reason.UNSUPPORTED


def test_libheif_is_imported_when_an_heif_comes_and_not_before(tmp_path: Path) -> None:
    code = """
import sys
from lookalike.images import decode
for path in sys.argv[1:]:
    decode(open(path, "rb").read(), max_pixels=10**6)
    print("_pi_heif" in sys.modules)
"""
    paths = [tmp_path / kind for kind in ("JPEG", "AVIF", "HEIF")]
    for path in paths:
        path.write_bytes(stored(scene(), path.name))
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["False", "False", "True"]

"""Images are shown upright."""

import struct

import pytest
from PIL import Image

from lookalike import formats
from tests.decoding.files import HEIGHT, WIDTH, difference, scene, seen, squeezed, stored
from tests.images.files import STORED


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

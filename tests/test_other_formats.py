"""The rejection of a file that is not decoded names its format."""

import pytest

from lookalike.errors import ImageRejected
from lookalike.images import decode

ZEROS = bytes(64)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (
            b"\0\0\0\x18ftypavci\0\0\0\0avciavcs" + ZEROS,
            "HEIF of another coding is not read; convert it to one of JPEG",
        ),
        (b"FOVb\0\0\2\0" + ZEROS, "Sigma raw is not read"),
        (b"\0\0\0\x18ftypqt  " + ZEROS, "a video, not an image"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + ZEROS, "JPEG 2000 is not read"),
        (b"8BPS\0\x01" + ZEROS, "Photoshop is not read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG is not read"),
        (b"%PDF-1.7\n" + ZEROS, "a PDF document, not an image"),
        (b"\xef\xbb\xbf\n <!DOCTYPE HTML><title>404", "an HTML page, not an image"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS"),
        (ZEROS, "a file of zeros"),
        (b"hello, world\n", "a text, not an image"),
        ("\u5199\u771f".encode() * 200, "a text, not an image"),
        (
            b"\x01\x02hello" * 9,
            "not one of JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIF, JXL: begins with b'\\x01\\x02hello",
        ),
    ],
)
def test_a_file_of_another_format_is_named(data: bytes, detail: str) -> None:
    with pytest.raises(ImageRejected) as rejected:
        decode(data, max_pixels=1_000_000, size=224)
    assert rejected.value.reason == "unsupported" and rejected.value.detail.startswith(detail)

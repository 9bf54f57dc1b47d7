"""Pillow's readers of image files, hardened against broken metadata, and the orientation of an image.

They override private methods of Pillow, so the supported versions are pinned and tests/test_images.py covers each.
"""

from io import BytesIO

from PIL import AvifImagePlugin, Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from lookalike import formats
from lookalike.errors import ImageRejected
from lookalike.records import Reason

# Pillow's limit is one per process, and only warns at first. Every caller has its own limit, checked before decoding.
Image.MAX_IMAGE_PIXELS = None
# There is one worker process per core, so AVIF threads would only compete with the other processes.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

#: EXIF orientation -> the operation that turns the image upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class _Jpeg(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Do nothing: Pillow would parse all EXIF for the resolution, and fail or warn if it is broken."""


class _Tiff(TiffImageFile):
    """Leaves the image as stored: Pillow would parse all EXIF to turn it, and fail if it is broken."""

    def _open(self) -> None:
        super()._open()
        self._size = self._tile_size

    def load_end(self) -> None:
        pass


class _WebP(WebPImageFile):
    """Takes 12 bytes per pixel instead of 16: frees the decoder's two canvases before it allocates the image."""

    def load_prepare(self) -> None:
        # Pillow has read the frame when it calls this, and only the first frame is needed.
        self._decoder = None
        super().load_prepare()


_READERS: dict[str, type[ImageFile]] = {
    "JPEG": _Jpeg,
    "PNG": PngImageFile,
    "WebP": _WebP,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": _Tiff,
    "AVIF": AvifImageFile,
}


def open_image(kind: str, data: bytes, max_pixels: int) -> ImageFile:
    """The image, with its size checked but not decoded yet."""
    if kind == "WebP" and data[12:16] == b"VP8X":
        # Pillow's WebP reader allocates the canvas when it opens the file.
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        check_pixels(width, height, max_pixels)
    # `Image.open` would hide the error messages of the readers.
    image = _READERS[kind](BytesIO(formats.without_exif(data) if kind == "AVIF" else data))
    try:
        check_pixels(*image.size, max_pixels)
    except ImageRejected:
        image.close()
        raise
    return image


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raises ImageRejected (`bomb`) for more than `max_pixels`."""
    if width * height > max_pixels:
        raise ImageRejected(Reason.BOMB, f"{width} x {height} pixels; at most {max_pixels} are decoded")


def orientation_of(image: ImageFile) -> int:
    """1 to 8; 1 if there is none."""
    if isinstance(image, TiffImageFile):
        orientation = image.tag_v2.get(formats.ORIENTATION)
    else:
        orientation = formats.exif_orientation(image.info.get("exif"))
    return orientation if orientation in UPRIGHT else 1

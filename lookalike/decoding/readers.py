"""Pillow's readers, which get only what the modules of the formats leave of a file.

They override private methods of Pillow, so the supported versions are pinned and tests/images covers each.
"""

from collections.abc import Callable
from dataclasses import replace
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

from lookalike.decoding import avif, bmp, cr3, gif, heif, jpeg, jxl, orf, png, quiet_tiff, raf, rw2, tiff, webp
from lookalike.decoding.encoded import Encoded, too_much
from lookalike.decoding.heif_reader import HeifFile
from lookalike.decoding.jxl_reader import JxlFile
from lookalike.decoding.orientation import orientation_of
from lookalike.decoding.profiles import MAX_PROFILE_BYTES
from lookalike.errors import ImageRejected
from lookalike.records import Reason

# Pillow's limit is one per process, and only warns at first. Every caller has its own limit, checked before decoding.
Image.MAX_IMAGE_PIXELS = None
# There is one worker process per core, so AVIF threads would only compete with the other processes.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
quiet_tiff.silence()

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
#: Orientations in which width and height change places.
SIDEWAYS = range(5, 9)


_CODECS = {"bmp_rle": bmp.RUNS_DECODER}


class _Bmp(BmpImageFile):
    """Unpacks run-length coding in bounded time."""

    def _open(self) -> None:
        super()._open()
        self.tile = [tile._replace(codec_name=_CODECS.get(tile.codec_name, tile.codec_name)) for tile in self.tile]


class _Tiff(TiffImageFile):
    """Leaves the image as stored: Pillow would look for EXIF, to turn it."""

    def load_end(self) -> None:
        pass


class _WebP(WebPImageFile):
    """Takes 12 bytes per pixel instead of 16: frees the decoder's two canvases before it allocates the image."""

    def load_prepare(self) -> None:
        # Pillow has read the frame when it calls this, and only the first frame is needed.
        self._decoder = None
        super().load_prepare()


_READERS: dict[str, type[ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WebP": _WebP,
    "GIF": GifImageFile,
    "BMP": _Bmp,
    "TIFF": _Tiff,
    "AVIF": AvifImageFile,
    "HEIF": HeifFile,
    "JXL": JxlFile,
}


#: Format -> what reduces its files.
_REDUCED: dict[str, Callable[[bytes], Encoded]] = {
    **{"JPEG": jpeg.reduced, "PNG": png.reduced, "WebP": webp.reduced, "GIF": gif.reduced, "BMP": bmp.reduced},
    **{"TIFF": tiff.reduced, "AVIF": avif.reduced, "HEIF": heif.reduced, "JXL": jxl.reduced},
    **{"RAF": raf.reduced, "RW2": rw2.reduced, "ORF": orf.reduced, "CR3": cr3.reduced},
}


def open_image(kind: str, data: bytes, max_pixels: int) -> tuple[ImageFile, Encoded]:
    """The image, with its size checked but not decoded yet, and what stands beside its pixels, orientation included."""
    encoded = _REDUCED[kind](data)
    if encoded.size is not None:
        check_pixels(*encoded.size, max_pixels)
    if encoded.claimed_pixels > max_pixels:
        raise too_much(f"its parts claim {encoded.claimed_pixels} pixels; at most {max_pixels} are decoded")
    # `Image.open` would hide the error messages of the readers.
    image = _READERS[encoded.kind](BytesIO(encoded.data))
    try:
        check_pixels(*image.size, max_pixels)
    except ImageRejected:
        image.close()
        raise
    if encoded.orientation is None:
        profile = image.info.get("icc_profile") or b""
        encoded = replace(
            encoded, orientation=orientation_of(image.info.get("exif")), profile=profile[: MAX_PROFILE_BYTES + 1]
        )
    return image, encoded


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raises ImageRejected (`bomb`) for more than `max_pixels`."""
    if width * height > max_pixels:
        raise ImageRejected(Reason.BOMB, f"{width} x {height} pixels; at most {max_pixels} are decoded")

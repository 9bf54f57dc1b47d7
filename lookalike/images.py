"""Decodes image bytes to upright RGB pixels, or raises ImageRejected. No other module of the core decodes images."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
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

#: Behind transparent parts: cut-out products and logos are made for white pages, and black hides dark ones.
BACKGROUND = (255, 255, 255, 255)
#: Antialiased when shrinking, a third faster than bicubic, and without halos at edges.
RESAMPLING = Image.Resampling.BILINEAR
#: Images larger than the wanted size by this factor are box-averaged first; Pillow finds no difference from 3 on.
REDUCING_GAP = 3.0
#: JPEG quality of thumbnails; higher values only enlarge the file.
THUMBNAIL_QUALITY = 82

Result = TypeVar("Result")

# Pillow's limit is one per process, and only warns at first. Every caller has its own limit, checked before decoding.
Image.MAX_IMAGE_PIXELS = None
# There is one worker process per core, so AVIF threads would only compete with the other processes.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

#: JPEG quality of images on pages; higher values make no visible difference.
JPEG_QUALITY = 80

#: What `to_file` keeps as it is.
_TIFF_MODES = frozenset({"L", "RGB", "RGBA"})
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_BITS_PER_SAMPLE = 0x0102
#: EXIF orientation -> the operation that turns the image upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# All that Pillow's decoders raise on hostile bytes. Not `Exception`, so that an error of a signal handler (the time
# limit) does not count as a defect of the image.
_HOSTILE = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, LookupError, MemoryError, OSError, RuntimeError),
    *(SyntaxError, SystemError, TypeError, ValueError, EOFError, StopIteration, Warning),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)
_BOMB_SIGNS = ("decompressed data too large", "too much memory")
_UNSUPPORTED_SIGNS = ("unsupported", "not supported", "cannot handle", "unknown pixel mode")
_TRUNCATED_SIGNS = ("truncated", "not enough data")


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """`pixels`: uint8 RGB [size, size, 3], upright. `width`, `height`: size of the original as shown, in pixels."""

    pixels: NDArray[np.uint8]
    width: int
    height: int


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


def decode(data: bytes, *, max_pixels: int, size: int = 224) -> DecodedImage:
    """The first frame of an image, upright, on white, scaled to `size` x `size` without keeping the aspect ratio, as in
    Keras' `load_img`. Safe to call from several threads.

    Memory beside `data` and at most one copy of it, in bytes per pixel of the original: baseline
    JPEG under 1, progressive JPEG 3 (6 if its colours are not subsampled, 8 as CMYK), RGB of the other formats 4 to 5,
    CMYK and 32-bit grey 8, AVIF 9, WebP and transparent grey 12. So the bound is 13 x `max_pixels`.
    Raises ImageRejected: empty, unsupported, bomb (more than `max_pixels`), truncated or corrupt.
    """
    return _reading(data, lambda kind: _decode(kind, data, max_pixels, size))


def thumbnail(data: bytes, *, max_pixels: int, size: int) -> bytes:
    """The first frame of an image, upright, on white, as a JPEG whose longest side is `size` pixels at most.

    Safe to call from several threads. Raises ImageRejected as `decode` does.
    """
    return _reading(data, lambda kind: _thumbnail(kind, data, max_pixels, size))


def _reading(data: bytes, read: Callable[[str], Result]) -> Result:
    """The result of `read` for an image of this format; every error of a decoder becomes ImageRejected."""
    if not data:
        raise ImageRejected(Reason.EMPTY, "0 bytes")
    kind = formats.kind_of(data)
    if kind is None:
        raise ImageRejected(Reason.UNSUPPORTED, f"not one of {', '.join(formats.FORMATS)}: begins with {data[:8]!r}")
    try:
        return read(kind)
    except _HOSTILE as error:
        raise ImageRejected(_reason(error, kind, data), f"{kind}: {error or type(error).__name__}") from error


def to_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels, uint8 RGB [H, W, 3], as a JPEG for pages that show images."""
    encoded = BytesIO()
    Image.fromarray(pixels).save(encoded, "JPEG", quality=JPEG_QUALITY)
    return encoded.getvalue()


def to_file(image: Image.Image, *, compressed: bool) -> bytes:
    """A PIL image of any mode as a PNG or, where size does not matter, mostly an uncompressed TIFF: 2 ms a megapixel
    instead of 55. `decode` reads it as it would read the image's own file.

    EXIF goes along, for the orientation. Raises ImageRejected for an image whose file is broken or closed.
    """
    try:
        image.load()
        exif = image.info.get("exif")
        encoded = BytesIO()
        if not compressed and not exif and image.mode in _TIFF_MODES and "transparency" not in image.info:
            Image.fromarray(np.asarray(image)).save(encoded, "TIFF", compression="raw")
        else:
            options = {"exif": exif} if isinstance(exif, bytes) else {}
            _for_png(image).save(encoded, "PNG", compress_level=1, **options)
    except _HOSTILE as error:
        raise ImageRejected(Reason.CORRUPT, f"{error or type(error).__name__}") from error
    return encoded.getvalue()


def _for_png(image: Image.Image) -> Image.Image:
    """In a mode that PNG has."""
    if image.mode in _PNG_MODES:
        return image
    if image.mode in ("I", "F"):
        return Image.fromarray(_grey_levels(image, image))
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _decode(kind: str, data: bytes, max_pixels: int, size: int) -> DecodedImage:
    with _opened(kind, data, max_pixels) as image:
        width, height = image.size
        # libjpeg then decodes a large JPEG at 1/2, 1/4 or 1/8; no effect for other formats.
        image.draft("RGB", (2 * size, 2 * size))
        image.load()
        small = _on_background(image, (size, size))
        orientation = _orientation(image)
    # For a square, turning after scaling gives the same result, and turning 224 x 224 pixels is cheaper.
    if orientation in _UPRIGHT:
        small = small.transpose(_UPRIGHT[orientation])
    if orientation >= 5:
        width, height = height, width
    return DecodedImage(np.asarray(small), width, height)


def _thumbnail(kind: str, data: bytes, max_pixels: int, size: int) -> bytes:
    with _opened(kind, data, max_pixels) as image:
        longest = max(image.size)
        wanted = tuple(max(1, round(side * min(1.0, size / longest))) for side in image.size)
        # libjpeg never decodes to fewer pixels than these.
        image.draft("RGB", (2 * wanted[0], 2 * wanted[1]))
        image.load()
        small = _on_background(image, (wanted[0], wanted[1]))
        orientation = _orientation(image)
    if orientation in _UPRIGHT:
        small = small.transpose(_UPRIGHT[orientation])
    encoded = BytesIO()
    small.save(encoded, "JPEG", quality=THUMBNAIL_QUALITY)
    return encoded.getvalue()


def _opened(kind: str, data: bytes, max_pixels: int) -> ImageFile:
    """The image, with its size checked but not decoded yet."""
    if kind == "WebP" and data[12:16] == b"VP8X":
        # Pillow's WebP reader allocates the canvas when it opens the file.
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        _check_pixels(width, height, max_pixels)
    # `Image.open` would hide the error messages of the readers.
    image = _READERS[kind](BytesIO(formats.without_exif(data) if kind == "AVIF" else data))
    try:
        _check_pixels(*image.size, max_pixels)
    except ImageRejected:
        image.close()
        raise
    return image


def _check_pixels(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageRejected(Reason.BOMB, f"{width} x {height} pixels; at most {max_pixels} are decoded")


def _orientation(image: ImageFile) -> int:
    """1 to 8; 1 if there is none."""
    if isinstance(image, TiffImageFile):
        orientation = image.tag_v2.get(formats.ORIENTATION)
    else:
        orientation = formats.exif_orientation(image.info.get("exif"))
    return orientation if orientation in _UPRIGHT else 1


def _on_background(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image as RGB of this width and height, with BACKGROUND behind transparent parts."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _from_deep(image, size)
    if image.has_transparency_data:
        small = _resize(image if image.mode == "RGBA" else image.convert("RGBA"), size)
        return Image.alpha_composite(Image.new("RGBA", small.size, BACKGROUND), small).convert("RGB")
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    small = _resize(image, size)
    return small if small.mode == "RGB" else small.convert("RGB")


def _from_deep(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Grey of 16 or 32 bits, scaled to 8 bits; Pillow's own conversion clips to white."""
    return Image.fromarray(_grey_levels(image, _resize(image.convert("F"), size))).convert("RGB")


def _grey_levels(image: Image.Image, values: Image.Image) -> NDArray[np.uint8]:
    """uint8 [H, W] of `values`, which are those of `image` or of a smaller copy."""
    grey = np.nan_to_num(np.asarray(values)).astype(np.float64)
    grey -= min(0.0, grey.min())
    levels: NDArray[np.float64] = 255 * (grey / _white(image, grey.max()))
    rounded: NDArray[np.uint8] = np.rint(levels.clip(0, 255)).astype(np.uint8)
    return rounded


def _white(image: Image.Image, brightest: float) -> float:
    """The value of white. For 32 bits there is no rule: the smallest usual value that no pixel exceeds."""
    if image.mode.startswith("I;16"):
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (16,)) if isinstance(image, TiffImageFile) else (16,)
        return float(2 ** bits[0] - 1)
    return next((white for white in (1.0, 255.0, 65535.0) if brightest <= white), brightest)


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, RESAMPLING, reducing_gap=REDUCING_GAP)


def _reason(error: BaseException, kind: str, data: bytes) -> Reason:
    message = str(error).lower()
    if isinstance(error, MemoryError | Image.DecompressionBombError) or any(sign in message for sign in _BOMB_SIGNS):
        return Reason.BOMB
    if any(sign in message for sign in _UNSUPPORTED_SIGNS):
        return Reason.UNSUPPORTED
    if any(sign in message for sign in _TRUNCATED_SIGNS) or formats.ends_early(kind, data):
        return Reason.TRUNCATED
    return Reason.CORRUPT

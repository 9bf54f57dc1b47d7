"""Decodes image bytes to upright RGB pixels, or raises ImageRejected. No other module of the core decodes images."""

import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from lookalike import formats, other_formats
from lookalike.decoding.cropping import cut, drafted, seen, stored_box
from lookalike.decoding.encoded import Encoded
from lookalike.decoding.levels import is_deep, sixteen_bits
from lookalike.decoding.plain_jpeg import is_plain as is_plain_jpeg
from lookalike.decoding.readers import SIDEWAYS, UPRIGHT, open_image
from lookalike.decoding.rgb import is_plain, on_background
from lookalike.errors import ImageRejected
from lookalike.queries.region import Region
from lookalike.records import WHOLE, Framing, Reason

#: JPEG quality of thumbnails; higher values only enlarge the file.
THUMBNAIL_QUALITY = 82

Result = TypeVar("Result")

#: What `decode` may take beside the file's bytes, one copy of them, and 13 bytes a pixel, whatever they contain.
SIDE_DATA_BYTES = 32 * 2**20

#: JPEG quality of images on pages; higher values make no visible difference.
JPEG_QUALITY = 80

#: What `to_file` keeps as it is.
_TIFF_MODES = frozenset({"L", "RGB", "RGBA"})
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
# All that Pillow's decoders raise on hostile bytes. Not `Exception`, so that an error of a signal handler (the time
# limit) does not count as a defect of the image.
_HOSTILE = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, LookupError, MemoryError, OSError, RuntimeError),
    *(SyntaxError, SystemError, TypeError, ValueError, EOFError, StopIteration, Warning),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)
_BOMB_SIGNS = ("decompressed data too large", "too much memory")
_UNSUPPORTED_SIGNS = ("unsupported", "not supported", "cannot handle", "unknown pixel mode")
_TRUNCATED_SIGNS = ("truncated", "not enough data", "need_more_input")


NO_PIXELS = np.empty((0, 0, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class UndecodedJpeg:
    """A JPEG that a GPU may decode, without anything beside its pixels. `orientation`: as in EXIF, 1 to 8. `nbytes`: of
    its pixels, RGB."""

    data: bytes
    orientation: int
    nbytes: int

    def decoded(self, size: int, largest: int) -> NDArray[np.uint8]:
        """Its pixels after all, as `decode` gives them. Raises ImageRejected."""
        # Its size was checked.
        return _reading(self.data, lambda _: _pixels(*open_image("JPEG", self.data, sys.maxsize), size, largest, self))


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """`pixels`: uint8 RGB [size, size, 3], or of their own size if the model resizes, upright. `width`, `height`: size
    of the original as shown, in pixels. `left`: what is left to a GPU; there are no pixels then. `taken_at_ms`: when
    the photograph was taken, in milliseconds since 1970, if the file says it."""

    pixels: NDArray[np.uint8]
    width: int
    height: int
    left: UndecodedJpeg | None = None
    taken_at_ms: int | None = None


def decode(
    data: bytes,
    *,
    max_pixels: int,
    size: int = 224,
    framing: Framing = WHOLE,
    largest: int = 0,
    left_from: int | None = None,
) -> DecodedImage:
    """The first frame of an image, upright, on white, scaled to `size` x `size` without keeping the aspect ratio, as in
    Keras' `load_img`, or as `framing` says. Safe to call from several threads. An image that needs no more than that,
    and whose sides then have at most `largest` pixels, is left as large as it is. A plain JPEG of `left_from` pixels
    and more is left to a GPU. Neither is so with another framing than WHOLE.

    Memory beside `data` and at most one copy of it, in bytes per pixel of the original: baseline
    JPEG under 1, progressive JPEG 3 (6 if its colours are not subsampled, 8 as CMYK), RGB of the other formats 4 to 5,
    CMYK and 32-bit grey 8, AVIF 9, HEIF 7 to 13, JPEG XL, WebP and transparent grey 12. So the bound is 13 times
    `max_pixels`, and SIDE_DATA_BYTES for the rest: what stands beside the pixels is passed over, and what they consist
    of is counted.
    Raises ImageRejected: empty, unsupported, bomb (more than `max_pixels`), truncated or corrupt.
    """
    if framing != WHOLE:
        largest, left_from = 0, None
    return _reading(data, lambda kind: _decode(kind, data, max_pixels, size, framing, largest, left_from))


def decode_region(
    data: bytes, region: Region, *, max_pixels: int, size: int = 224, framing: Framing = WHOLE
) -> DecodedImage:
    """As `decode`, for a part of the image, which is cut out before it is scaled, as if it were an image. `width` and
    `height` are those of the whole image. Takes no more memory than `decode`. Raises ImageRejected, also
    `bad_region`."""
    return _reading(data, lambda kind: _decode_region(kind, data, max_pixels, size, framing, region))


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
        raise ImageRejected(Reason.UNSUPPORTED, other_formats.why_not(data, formats.FORMATS))
    try:
        return read(kind)
    except _HOSTILE as error:
        raise ImageRejected(_reason(error, kind, data), f"{kind}: {error or type(error).__name__}") from error


def to_jpeg(pixels: NDArray[np.uint8], quality: int = JPEG_QUALITY) -> bytes:
    """Pixels, uint8 RGB [H, W, 3], as a JPEG for pages that show images: without comment or other data of the file."""
    encoded = BytesIO()
    Image.fromarray(pixels).save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()


def to_file(image: Image.Image, *, compressed: bool) -> bytes:
    """A PIL image of any mode as a PNG or, where size does not matter, mostly an uncompressed TIFF: 2 ms a megapixel
    instead of 55. `decode` reads it as it would read the image's own file.

    EXIF goes along, for the orientation. Raises ImageRejected for an image whose file is broken or closed.
    """
    try:
        image.load()
        exif = image.info.get("exif")
        options = {"exif": exif} if isinstance(exif, bytes) else {}
        encoded = BytesIO()
        if image.mode in ("I", "F"):
            # PNG has no grey of 32 bits.
            packing = "tiff_adobe_deflate" if compressed else "raw"
            Image.fromarray(np.asarray(image)).save(encoded, "TIFF", compression=packing, **options)
        elif not compressed and not exif and image.mode in _TIFF_MODES and "transparency" not in image.info:
            Image.fromarray(np.asarray(image)).save(encoded, "TIFF", compression="raw")
        else:
            _for_png(image).save(encoded, "PNG", compress_level=1, **options)
    except _HOSTILE as error:
        raise ImageRejected(Reason.CORRUPT, f"{error or type(error).__name__}") from error
    return encoded.getvalue()


def _for_png(image: Image.Image) -> Image.Image:
    """In a mode that PNG has."""
    if image.mode in _PNG_MODES:
        return image
    if is_deep(image):
        return Image.fromarray(sixteen_bits(image))
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _decode(
    kind: str, data: bytes, max_pixels: int, size: int, framing: Framing, largest: int, left_from: int | None
) -> DecodedImage:
    opened, encoded = open_image(kind, data, max_pixels)
    width, height = opened.size
    if kind == "JPEG" and left_from is not None and width * height >= left_from and is_plain_jpeg(encoded):
        opened.close()
        left = UndecodedJpeg(encoded.data, encoded.orientation or 1, 3 * width * height)
        pixels = NO_PIXELS
    else:
        left, pixels = None, _pixels(opened, encoded, size, largest, framing=framing)
    if encoded.orientation in SIDEWAYS:
        width, height = height, width
    return DecodedImage(pixels, width, height, left, encoded.taken_at_ms)


def _pixels(
    opened: ImageFile,
    encoded: Encoded,
    size: int,
    largest: int,
    left: UndecodedJpeg | None = None,
    framing: Framing = WHOLE,
) -> NDArray[np.uint8]:
    """As `decode` gives them. `left`: has the orientation, which `encoded` no longer has then."""
    orientation = left.orientation if left else encoded.orientation
    with opened as image:
        # libjpeg then decodes a large JPEG at 1/2, 1/4 or 1/8; no effect for other formats.
        stored, wanted = image.size, framing.decoded(2 * size)
        image.draft("RGB", (wanted, wanted))
        image.load()
        if max(image.size) <= largest and is_plain(image, encoded.profile) and orientation not in UPRIGHT:
            return np.asarray(image)
        part = seen(framing, image, stored, orientation or 1, size)
        small = on_background(image, (size, size), encoded.profile, part, framing.filter)
    # For a square, turning after scaling gives the same result, and turning 224 x 224 pixels is cheaper.
    return np.asarray(small.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else small)


def _decode_region(
    kind: str, data: bytes, max_pixels: int, size: int, framing: Framing, region: Region
) -> DecodedImage:
    opened, encoded = open_image(kind, data, max_pixels)
    with opened as image:
        stored, orientation = image.size, encoded.orientation or 1
        width, height = stored[::-1] if orientation in SIDEWAYS else stored
        box = stored_box(region.box((width, height)), orientation, (width, height))
        # As many pixels of the region as `_decode` takes of a whole image.
        image.draft("RGB", drafted(stored, box, framing.decoded(2 * size)))
        image.load()
        part = cut(image, stored, box)
    inside = seen(framing, part, part.size, orientation, size)
    small = on_background(part, (size, size), encoded.profile, inside, framing.filter)
    if orientation in UPRIGHT:
        small = small.transpose(UPRIGHT[orientation])
    return DecodedImage(np.asarray(small), width, height)


def _thumbnail(kind: str, data: bytes, max_pixels: int, size: int) -> bytes:
    opened, encoded = open_image(kind, data, max_pixels)
    with opened as image:
        longest = max(image.size)
        wanted = tuple(max(1, round(side * min(1.0, size / longest))) for side in image.size)
        # libjpeg never decodes to fewer pixels than these.
        image.draft("RGB", (2 * wanted[0], 2 * wanted[1]))
        image.load()
        small = on_background(image, (wanted[0], wanted[1]), encoded.profile)
    if encoded.orientation in UPRIGHT:
        small = small.transpose(UPRIGHT[encoded.orientation])
    return to_jpeg(np.asarray(small), quality=THUMBNAIL_QUALITY)


def _reason(error: BaseException, kind: str, data: bytes) -> Reason:
    message = str(error).lower()
    if isinstance(error, MemoryError | Image.DecompressionBombError) or any(sign in message for sign in _BOMB_SIGNS):
        return Reason.BOMB
    if any(sign in message for sign in _UNSUPPORTED_SIGNS):
        return Reason.UNSUPPORTED
    if any(sign in message for sign in _TRUNCATED_SIGNS) or formats.ends_early(kind, data):
        return Reason.TRUNCATED
    return Reason.CORRUPT

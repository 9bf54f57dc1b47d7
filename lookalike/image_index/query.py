"""Turns every kind of query into the bytes of an image file: a path, bytes, a PIL image or a NumPy array."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from lookalike.errors import BadSetting, ImageRejected, QueryRejected
from lookalike.image_index.arguments import expanded
from lookalike.records import Reason
from lookalike.settings import Settings
from lookalike.shown import kind_of, shortened
from lookalike.storage import Storage, local_uri

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

#: A path, an encoded file, a PIL image, or uint8 [H, W, 3] in RGB, [H, W, 4] in RGBA or [H, W] in grey.
Query: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | Image | NDArray[np.uint8]"

#: The user names a file of their own, so every file that they can read is allowed.
WHOLE_DISK = (Path("/"),)
CHANNELS = (3, 4)
#: A `Path` has one slash of the two.
URL = re.compile(r"(https?|ftp|s3|gs|data):/", re.IGNORECASE)


def encoded(query: Query, settings: Settings, *, compressed: bool = False) -> bytes:
    """The query as the bytes of an image file, so that every kind of query is decoded as stored images are.

    `compressed` makes a smaller file of a PIL image or an array, for a network. An image of more than the pixels of
    the settings is rejected before it is copied.

    Raises ImageRejected for an image that cannot be read, BadSetting for an object that is no image.
    """
    if isinstance(query, str | os.PathLike):
        return _read(query, settings.max_image_bytes)
    if isinstance(query, bytes | bytearray | memoryview):
        return bytes(query)
    if _is_a("numpy", "ndarray", query):
        return _file(_image_of(cast("NDArray[Any]", query), settings.max_image_pixels), compressed)
    if _is_a("PIL.Image", "Image", query):
        _check_size(cast("Image", query).size, settings.max_image_pixels)
        return _file(cast("Image", query), compressed)
    raise BadSetting(
        f"{kind_of(query)} is not an image.",
        "Give a path, bytes, a PIL image or a NumPy array of uint8.",
    )


def named(query: object) -> str:
    """The query as messages name it."""
    if isinstance(query, str | os.PathLike):
        return shortened(os.fsencode(query).decode("utf-8", "replace"))
    if isinstance(query, bytes | bytearray | memoryview):
        return f"The query of {len(query):,} bytes"
    return "The array" if _is_a("numpy", "ndarray", query) else "The image"


@contextmanager
def rejections_of(query: object) -> Iterator[None]:
    """Adds the name of the query to a rejection."""
    try:
        yield
    except QueryRejected:
        raise
    except ImageRejected as error:
        raise QueryRejected(named(query), error.reason, error.detail) from error


def _read(query: str | os.PathLike[str], max_bytes: int) -> bytes:
    path = expanded(query, "an image")
    if URL.match(path):
        advice = "download the image, or give one of the index with --uri (uri=)"
        raise ImageRejected(Reason.UNSUPPORTED, f"URLs are not read; {advice}")
    if os.path.isdir(path):
        raise ImageRejected(Reason.NOT_REGULAR, "it is a folder; give one of its images")
    return Storage(roots=WHOLE_DISK, max_bytes=max_bytes).read(local_uri(path))


def _is_a(module: str, name: str, query: object) -> bool:
    """Whether this is an object of that class. Does not import the library: the query could not exist without it."""
    library = sys.modules.get(module)
    return library is not None and isinstance(query, getattr(library, name))


def _image_of(array: "NDArray[Any]", max_pixels: int) -> "Image":
    import numpy as np

    is_image = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in CHANNELS)
    if array.dtype != np.uint8 or not is_image or not array.size:
        raise BadSetting(
            f"An array of {array.dtype} {list(array.shape)} is not an image.",
            "Give uint8 [height, width, 3] in RGB, [height, width, 4] in RGBA or [height, width] in grey.",
        )
    _check_size((array.shape[1], array.shape[0]), max_pixels)
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(array))


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    from lookalike.decoding.readers import check_pixels

    check_pixels(*size, max_pixels)


def _file(image: "Image", compressed: bool) -> bytes:
    from lookalike.images import to_file

    return to_file(image, compressed=compressed)

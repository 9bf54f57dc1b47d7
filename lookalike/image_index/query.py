"""Turns every kind of query into the bytes of an image file: a path, bytes, a PIL image or a NumPy array."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from lookalike.errors import BadSetting, ImageRejected, QueryRejected
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


def encoded(query: Query, max_bytes: int, *, compressed: bool = False) -> bytes:
    """The query as the bytes of an image file, so that every kind of query is decoded as stored images are.

    `compressed` makes a smaller file of a PIL image or an array, for a network.

    Raises QueryRejected for a file that cannot be read, BadSetting for an object that is no image.
    """
    if isinstance(query, str | os.PathLike):
        return _read(Path(query).expanduser(), max_bytes)
    if isinstance(query, bytes | bytearray | memoryview):
        return bytes(query)
    if _is_a("numpy", "ndarray", query):
        return _file(_image_of(cast("NDArray[Any]", query)), compressed)
    if _is_a("PIL.Image", "Image", query):
        return _file(cast("Image", query), compressed)
    raise BadSetting(
        f"A {type(query).__name__} is not an image.",
        "Give a path, bytes, a PIL image or a NumPy array of uint8.",
    )


def named(query: object) -> str:
    """The query as messages name it."""
    if isinstance(query, str | os.PathLike):
        return os.fsencode(query).decode("utf-8", "replace")
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


def _read(path: Path, max_bytes: int) -> bytes:
    return Storage(roots=WHOLE_DISK, max_bytes=max_bytes).read(local_uri(path))


def _is_a(module: str, name: str, query: object) -> bool:
    """Whether this is an object of that class. Does not import the library: the query could not exist without it."""
    library = sys.modules.get(module)
    return library is not None and isinstance(query, getattr(library, name))


def _image_of(array: "NDArray[Any]") -> "Image":
    import numpy as np

    is_image = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in CHANNELS)
    if array.dtype != np.uint8 or not is_image or not array.size:
        raise BadSetting(
            f"An array of {array.dtype} {list(array.shape)} is not an image.",
            "Give uint8 [height, width, 3] in RGB, [height, width, 4] in RGBA or [height, width] in grey.",
        )
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(array))


def _file(image: "Image", compressed: bool) -> bytes:
    from lookalike.images import to_file

    return to_file(image, compressed=compressed)

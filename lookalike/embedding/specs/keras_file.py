"""Reads a `.keras` file's digest and image size without Keras."""

import hashlib
import json
import lzma
import zipfile
import zlib
from pathlib import Path

from lookalike.embedding.specs.preparation import size_of
from lookalike.embedding.specs.regular import opened
from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.errors import BadSetting, ModelUnavailable

SUFFIX = ".keras"
#: Of the description of the layers, which a small archive may promise to be of any size; the largest known have 2 MB.
_MOST_BYTES = 1 << 26
#: What Python raises of an archive or of JSON that cannot be read; RuntimeError of encryption and of deep nesting.
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


def sha256_of(path: Path) -> str:
    """Raises BadSetting for another kind of file, ModelUnavailable for one that cannot be read."""
    if path.suffix != SUFFIX:
        raise BadSetting(
            f"{path} is not a .keras file.",
            "Save the whole model with model.save('name.keras'), or export it to ONNX and name the file with --model.",
        )
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnavailable(
            f"The model file {path} cannot be read: {error.strerror}.", "Correct its path."
        ) from error


def image_size(path: Path) -> int:
    """Side of the square input in pixels; the default if the file does not fix it.

    An unusable file gives the default, too: loading it reports why. Raises BadSetting for a side that no image has.
    """
    try:
        with opened(path) as whole, zipfile.ZipFile(whole) as archive, archive.open("config.json") as file:
            layers = json.loads(file.read(_MOST_BYTES))["config"]["layers"]
        _, height, width, _ = layers[0]["config"]["batch_shape"]
    except _UNREADABLE:
        return IMAGE_SIZE
    return size_of(height) if isinstance(height, int) and height == width and height > 0 else IMAGE_SIZE

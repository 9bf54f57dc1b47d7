"""Reads a `.keras` file's digest and image size without Keras."""

import hashlib
import json
import zipfile
from pathlib import Path

from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.errors import BadSetting, ModelUnavailable

SUFFIX = ".keras"


def sha256_of(path: Path) -> str:
    """Raises BadSetting for another kind of file, ModelUnavailable for one that cannot be read."""
    if path.suffix != SUFFIX:
        raise BadSetting(
            f"{path} is not a .keras file.",
            "Save the whole model with model.save('name.keras'), or export it to ONNX and name the file with --model.",
        )
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnavailable(
            f"The model file {path} cannot be read: {error.strerror}.", "Correct its path."
        ) from error


def image_size(path: Path) -> int:
    """Side of the square input in pixels; the default if the file does not fix it.

    An unusable file gives the default, too: loading it reports why.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            layers = json.loads(archive.read("config.json"))["config"]["layers"]
        _, height, width, _ = layers[0]["config"]["batch_shape"]
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile):
        return IMAGE_SIZE
    return height if isinstance(height, int) and height == width and height > 0 else IMAGE_SIZE

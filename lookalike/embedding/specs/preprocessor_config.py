"""Reads `preprocessor_config.json`, which the authors of a model put beside it (Hugging Face Transformers).

Keys that count: image_mean and image_std with do_normalize, rescale_factor with do_rescale, crop_size with
do_center_crop, size, and do_flip_channel_order. Images are resized whole and without a crop, whatever the file says.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.embedding.specs.scaling import WHITE, Scaling
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.shown import clause

FILE = "preprocessor_config.json"
#: Of a whole file; the largest known have some kilobytes.
_MOST_BYTES = 1 << 20
#: Repositories on Hugging Face have their ONNX files in this folder, and the configuration above it.
_BELOW = "onnx"


@dataclass(frozen=True)
class PreprocessorConfig:
    """`size` is the side of the square that the model is given, None if the file does not say it."""

    scaling: Scaling
    size: int | None


def beside(model: Path) -> Path | None:
    """The configuration that belongs to this file, if there is one."""
    folders = [model.parent, *([model.parent.parent] if model.parent.name == _BELOW else [])]
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


def read(path: Path) -> PreprocessorConfig:
    """Raises BadSetting, ModelUnavailable."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        what = f"The preprocessing {path} cannot be read: {error.strerror}."
        raise ModelUnavailable(what, "Correct its path.") from error
    try:
        if len(text) > _MOST_BYTES:
            raise ValueError("it is too large")
        return _parsed(json.loads(text))
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise BadSetting(
            f"The preprocessing {path} cannot be used: {clause(error)}.",
            "It must be the preprocessor_config.json of an image model. Or give the numbers: mean=0.5+std=0.5.",
        ) from error


def _parsed(config: Any) -> PreprocessorConfig:
    # A processor for images and texts has that of images inside.
    config = config.get("image_processor", config) if isinstance(config, dict) else None
    if not isinstance(config, dict):
        raise ValueError("it is not a JSON object")
    factor = config.get("rescale_factor", 1 / WHITE) if config.get("do_rescale", True) else 1.0
    mean, std = 0.0, 1.0
    if config.get("do_normalize", True):
        if "image_mean" not in config or "image_std" not in config:
            raise ValueError("it has no image_mean and image_std")
        mean, std = config["image_mean"], config["image_std"]
    bgr = config.get("do_flip_channel_order", False)
    return PreprocessorConfig(Scaling.from_values(mean, std, bgr, white=WHITE * float(factor)), _size(config))


def _size(config: dict[str, Any]) -> int | None:
    """What is cropped counts, not what it is cropped from."""
    crops = config.get("do_center_crop", "crop_size" in config)
    size = config.get("crop_size" if crops and "crop_size" in config else "size")
    if isinstance(size, dict):
        height = size.get("height", size.get("shortest_edge"))
        if height != size.get("width", height):
            raise ValueError(f"images of {height} x {size['width']} pixels are not square")
        size = height
    return size if isinstance(size, int) and not isinstance(size, bool) else None

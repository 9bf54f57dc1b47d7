"""Reads `preprocessor_config.json`, which the authors of a model put beside it (Hugging Face Transformers).

Keys that count: image_mean and image_std with do_normalize, rescale_factor with do_rescale, crop_size with
do_center_crop, crop_pct, size, resample, and do_flip_channel_order. A file that asks for something else is refused:
other pixels would give other vectors than those of the authors.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.embedding.specs.regular import opened
from lookalike.embedding.specs.scaling import WHITE, Scaling
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import Filter, Framing
from lookalike.shown import clause

FILE = "preprocessor_config.json"
#: Of a whole file; the largest known have some kilobytes.
_MOST_BYTES = 1 << 20
#: Repositories on Hugging Face have their ONNX files in this folder, and the configuration above it.
_BELOW = "onnx"


#: `resample`, as Pillow numbers its filters.
_FILTERS = (Filter.NEAREST, Filter.LANCZOS, Filter.BILINEAR, Filter.BICUBIC, Filter.BOX, Filter.HAMMING)
#: Keys that change pixels in a way that is not made here, if they are true.
_OTHERS = ("do_pad", "include_top", "rescale_offset", "do_image_splitting", "do_thumbnail", "do_grayscale")
#: Where a size that is one number is the side of a square, and not the shorter side of an image.
_SQUEEZED = ("DeiT", "EfficientFormer")
#: ConvNeXt crops only images of fewer pixels a side.
_UNCROPPED = 384


@dataclass(frozen=True)
class PreprocessorConfig:
    """`size` is the side of the square that the model is given, None if the file does not say it."""

    scaling: Scaling
    framing: Framing
    size: int | None


def beside(model: Path) -> Path | None:
    """The configuration that belongs to this file, if there is one."""
    folders = [model.parent, *([model.parent.parent] if model.parent.name == _BELOW else [])]
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


def read(path: Path) -> PreprocessorConfig:
    """Raises BadSetting, ModelUnavailable."""
    try:
        with opened(path) as file:
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
    scaling = Scaling.from_values(mean, std, bgr, white=WHITE * float(factor))
    other = next((key for key in _OTHERS if config.get(key)), None)
    if other is not None:
        raise ValueError(f"it asks for {other}, which is not made here")
    return PreprocessorConfig(scaling, *_seen(config))


def share_of(share: float) -> float:
    """The share of a side that is seen. Raises ValueError, as a clause."""
    if not 0 < share <= 1:
        raise ValueError(f"{share:g} is no share of a side")
    return share


def _seen(config: dict[str, Any]) -> tuple[Framing, int | None]:
    """What is seen of an image, and the side of its square."""
    resampling, (before, is_square) = _filter(config.get("resample")), _before(config)
    if config.get("do_center_crop", "crop_size" in config):
        after, _ = _side(config.get("crop_size"))
        if before is None or after is None or not config.get("do_resize", True):
            raise ValueError("it crops images, but does not say from which size to which one")
        is_whole = is_square and before == after
        return Framing(resampling, None if is_whole else share_of(after / before), is_square and not is_whole), after
    if before is not None and not is_square and config.get("do_resize", True):
        if "crop_pct" not in config:
            raise ValueError("its images are not square: it keeps their proportions and crops nothing")
        share = None if before >= _UNCROPPED else share_of(float(config["crop_pct"]))
        return Framing(resampling, share), before
    return Framing(resampling), before


def _filter(number: Any) -> Filter:
    if number is None:
        return Filter.BILINEAR
    if type(number) is not int or not 0 <= number < len(_FILTERS):
        raise ValueError(f"there is no filter {number} (resample)")
    return _FILTERS[number]


def _before(config: dict[str, Any]) -> tuple[int | None, bool]:
    """The side to which images are resized before they are cropped, and whether they are squares then."""
    size = config.get("size")
    if isinstance(size, int) and config.get("do_center_crop", "crop_size" in config):
        kind = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
        return size, kind.startswith(_SQUEEZED)
    return _side(size)


def _side(size: Any) -> tuple[int | None, bool]:
    """The side of a square, or the shorter side of images that are none; None if it is not said."""
    if not isinstance(size, dict):
        return (size if type(size) is int and size > 0 else None), True
    if "shortest_edge" in size or "longest_edge" in size:
        return _side(size.get("shortest_edge", size.get("longest_edge")))[0], False
    if size.get("height") != size.get("width"):
        raise ValueError(f"images of {size.get('height')} x {size.get('width')} pixels are not square")
    return _side(size.get("height"))

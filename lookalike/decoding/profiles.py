"""Colours with an ICC profile (ICC.1:2010), as sRGB. A profile that is broken or does not fit is ignored."""

import hashlib
import threading
from collections import OrderedDict
from io import BytesIO
from itertools import product

import numpy as np
from PIL import Image, ImageCms
from PIL.ImageCms import ImageCmsProfile, ImageCmsTransform

#: Printers' profiles have up to 3 MB; larger ones are ignored. What reads them out of files stops one byte later.
MAX_PROFILE_BYTES = 4 * 2**20
#: Profiles that are kept ready, up to 2 MiB each; most images have one of a few.
_KEPT = 8
#: A profile that changes no colour by more than this many of 255 levels is taken for sRGB, and nothing is computed.
_UNSEEN_LEVELS = 2
#: Mode of an image -> the colour space that its profile must have, as the profile writes it.
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
#: Classes of profiles that describe a device: display, scanner, printer, and spaces without one.
_CLASSES = frozenset({"mntr", "scnr", "prtr", "spac"})
_SRGB = ImageCmsProfile(ImageCms.createProfile("sRGB"))

_ready: OrderedDict[tuple[bytes, str], ImageCmsTransform | None] = OrderedDict()
_lock = threading.Lock()


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """An image of mode L, RGB, RGBA or CMYK in RGB or RGBA. Safe to call from several threads."""
    if image.mode == "RGBA":
        if not profile:
            return image
        coloured = to_srgb(image.convert("RGB"), profile)
        coloured.putalpha(image.getchannel("A"))
        return coloured
    transform = _transform(profile, image.mode) if 0 < len(profile) <= MAX_PROFILE_BYTES else None
    if transform is None:
        return image if image.mode == "RGB" else image.convert("RGB")
    return transform.apply(image)


def _transform(profile: bytes, mode: str) -> ImageCmsTransform | None:
    """From the profile to sRGB; None where nothing changes."""
    key = hashlib.sha256(profile).digest(), mode
    with _lock:
        if key not in _ready:
            _ready[key] = _built(profile, mode)
            if len(_ready) > _KEPT:
                _ready.popitem(last=False)
        _ready.move_to_end(key)
        return _ready[key]


def _built(profile: bytes, mode: str) -> ImageCmsTransform | None:
    try:
        source = ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES[mode] or source.profile.device_class not in _CLASSES:
            return None
        transform = ImageCmsTransform(source, _SRGB, mode, "RGB", _intent(source))
        return transform if _is_seen(transform, mode) else None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return None


def _intent(source: ImageCmsProfile) -> ImageCms.Intent:
    """The one that the profile asks for, as browsers do; perceptual if it has none."""
    try:
        return ImageCms.Intent(source.profile.rendering_intent)
    except ValueError:
        return ImageCms.Intent.PERCEPTUAL


def _is_seen(transform: ImageCmsTransform, mode: str) -> bool:
    """Whether any colour of a grid changes visibly."""
    if mode == "CMYK":
        return True
    levels = range(0, 256, 51)
    grid = [(level,) * 3 for level in levels] if mode == "L" else list(product(levels, repeat=3))
    before = np.array(grid, np.uint8)[np.newaxis]
    after = transform.apply(Image.fromarray(before).convert(mode))
    return bool(np.abs(np.asarray(after).astype(int) - before).max() > _UNSEEN_LEVELS)

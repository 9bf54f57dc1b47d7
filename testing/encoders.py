"""Lets Pillow write HEIF and JPEG XL. Only tests may use the encoder of HEIF: x265 is under the GPL."""

from collections.abc import Callable
from typing import IO, Any

import numpy as np
from imagecodecs import jpegxl_encode
from PIL import Image
from pillow_heif.as_plugin import _save_all_heif, _save_heif

Save = Callable[[Image.Image, IO[bytes], Any], None]
#: Colours at full resolution, for comparisons; x265 takes seconds for a small image at its default speed.
_DEFAULTS = {"quality": 90, "chroma": 444, "enc_params": {"preset": "ultrafast"}}


def _with_defaults(save: Save) -> Save:
    def saved(image: Image.Image, file: IO[bytes], name: Any) -> None:
        image.encoderinfo = _DEFAULTS | image.encoderinfo
        exif = image.encoderinfo.get("exif")
        if isinstance(exif, Image.Exif):
            # The encoder takes the orientation from bytes only.
            image.encoderinfo["exif"] = exif.tobytes()
        save(image, file, name)

    return saved


def _save_jxl(image: Image.Image, file: IO[bytes], name: Any) -> None:
    mode = image.mode if image.mode in ("L", "RGB", "RGBA") else "RGB"
    options = {name: image.encoderinfo[name] for name in ("distance", "effort") if name in image.encoderinfo}
    file.write(jpegxl_encode(np.asarray(image.convert(mode)), **{"distance": 0.5, **options}))


Image.register_save("JXL", _save_jxl)
Image.register_save("HEIF", _with_defaults(_save_heif))
Image.register_save_all("HEIF", _with_defaults(_save_all_heif))

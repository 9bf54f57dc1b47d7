"""Decodes JPEGs on a GPU with nvImageCodec of NVIDIA (Apache License 2.0), which is used nowhere else.

Files are whole, and of the kinds that `lookalike.decoding.plain_jpeg` lets through.
"""

import logging
import os
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, Protocol

import numpy as np
from PIL import Image

from lookalike.records import Pixels
from lookalike.shown import clause

log = logging.getLogger(__name__)

#: Pixels from which on it is worth it. On an H100 with 16 processes, a prototype decoded 42,000 JPEGs of 0.03
#: megapixels a second on the CPU and 31,000 to 38,000 on the card; of 0.19, 7,900 and 27,000; of 12, 380 and 970.
WORTH_FROM = 2**16
#: How far pixels may be from those of libjpeg: rounding of the transformation, and of the colours.
MEAN_LEVELS, MOST_LEVELS = 1.0, 16


class Decoder(Protocol):
    """Decodes files together. For each it returns what gives its pixels, uint8 RGB [H, W, 3], as they are stored; None
    for one that it does not decode. Any error is the device's. One thread at a time; what it returns, in any."""

    def __call__(self, files: Sequence[bytes]) -> list[Callable[[], Pixels] | None]: ...


class NvImageCodec:
    """A Decoder on the first GPU, or with `on_cpu` on the CPU, with libjpeg-turbo. Raises ImportError, RuntimeError."""

    def __init__(self, *, on_cpu: bool = False) -> None:
        # What it says about broken files says the rejection as well.
        os.environ.setdefault("PYNVIMGCODEC_VERBOSITY", "0")
        from nvidia import nvimgcodec

        kinds = nvimgcodec.BackendKind
        # The card's own decoder first; it knows no progressive JPEGs. What both refuse the CPU's processes decode.
        backends = (kinds.CPU_ONLY,) if on_cpu else (kinds.HW_GPU_ONLY, kinds.GPU_ONLY, kinds.HYBRID_CPU_GPU)
        self._stream = nvimgcodec.CodeStream
        self._decoder = nvimgcodec.Decoder(
            device_id=nvimgcodec.NVIMGCODEC_DEVICE_CPU_ONLY if on_cpu else 0,
            backends=[nvimgcodec.Backend(kind) for kind in backends],
            # As libjpeg does.
            options=":fancy_upsampling=1",
        )
        self._params = nvimgcodec.DecodeParams(apply_exif_orientation=False, color_spec=nvimgcodec.ColorSpec.SRGB)

    def __call__(self, files: Sequence[bytes]) -> list[Callable[[], Pixels] | None]:
        images = self._decoder.decode([self._stream(data) for data in files], params=self._params)
        return [None if image is None else _host(image) for image in images]


def _host(image: Any) -> Callable[[], Pixels]:
    return lambda: np.asarray(image.cpu())


def usable(make: Callable[[], Decoder] = NvImageCodec) -> Decoder | None:
    """The decoder, if it is there and gives the pixels that libjpeg gives; else the log says why not."""
    try:
        decoder = make()
        why = _difference(decoder)
    except (ImportError, OSError, RuntimeError) as error:
        why = clause(error)
    if why is None:
        return decoder
    log.warning("JPEGs are decoded on the CPU, although LOOKALIKE_GPU_DECODING is set: nvImageCodec fails (%s).", why)
    return None


def _difference(decoder: Decoder) -> str | None:
    """Decode some drawn JPEGs; a clause if not all are as they should be, None if they are."""
    files = _drawn()
    for data, pixels in zip(files, decoder(files), strict=True):
        if pixels is None:
            return "a JPEG that it should decode it does not"
        expected = np.asarray(Image.open(BytesIO(data)).convert("RGB"), np.int16)
        found = pixels()
        if found.shape != expected.shape:
            return f"an image of {expected.shape} has {found.shape}"
        off = np.abs(found - expected)
        if off.mean() > MEAN_LEVELS or off.max() > MOST_LEVELS:
            return f"pixels are {off.mean():.1f} levels from those of libjpeg in the mean, and up to {off.max()}"
    return None


def _drawn() -> list[bytes]:
    """Of each kind: in colours with each sampling, progressive, and in grey; with sides that are no whole blocks."""
    coarse = np.random.RandomState(0).randint(0, 256, (7, 9, 3)).astype(np.uint8)
    image = Image.fromarray(coarse).resize((309, 227), Image.Resampling.BICUBIC)
    forms = [(image, {"subsampling": sampling}) for sampling in (0, 1, 2)]
    forms += [(image, {"progressive": True}), (image.convert("L"), {})]
    return [_jpeg(drawn, options) for drawn, options in forms]


def _jpeg(image: Image.Image, options: dict[str, Any]) -> bytes:
    data = BytesIO()
    image.save(data, "JPEG", quality=90, **options)
    return data.getvalue()

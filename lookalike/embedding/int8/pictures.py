"""The images that calibrate: those of the demo, which a program draws, so that nobody must bring any."""

import numpy as np
from PIL import Image

from lookalike.records import Pixels
from lookalike.samples import samples

#: Neither is the seed of the demo, whose images stay new to the model.
CALIBRATION_SEED = 39
CHECK_SEED = 40
PER_CLASS = 2


def labels(per_class: int) -> list[str]:
    """The class of each image of `drawn`."""
    return [sample.label for sample in samples(per_class, CHECK_SEED)]


def drawn(size: int, per_class: int, seed: int) -> Pixels:
    """uint8 [16 * per_class, size, size, 3]; the same on every machine."""
    images = (sample.drawn().resize((size, size), Image.Resampling.BILINEAR) for sample in samples(per_class, seed))
    return np.stack([np.asarray(image) for image in images])

"""The sample images of the demo: sixteen classes that a program draws into a folder."""

import io
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.disk import FULL, write_error
from lookalike.errors import DiskFull
from lookalike.samples import balloons, city, fruits, materials, patterns, plants, scenes
from lookalike.samples.canvas import Planes, Size, lit

Painter = Callable[[np.random.Generator, Size], Planes]

#: Label of a class (the name of its folder) -> the function that paints one image of it.
PAINTERS: dict[str, Painter] = {
    "bricks": materials.bricks,
    "checkers": patterns.checkers,
    "citrus": fruits.citrus,
    "clouds": materials.clouds,
    "flowers": plants.flowers,
    "hot-air-balloons": balloons.hot_air_balloons,
    "leaves": plants.leaves,
    "mountains-at-dusk": scenes.mountains_at_dusk,
    "night-city": city.night_city,
    "polka-dots": patterns.polka_dots,
    "rings": patterns.rings,
    "stained-glass": materials.stained_glass,
    "starry-sky": scenes.starry_sky,
    "stripes": patterns.stripes,
    "waves": patterns.waves,
    "wood-grain": materials.wood_grain,
}

#: Formats, used in turn; PNG is rare because it is five times as large.
FORMATS = ("jpg", "webp", "jpg", "jpg", "png", "jpg", "webp", "jpg", "jpg", "jpg")
SAVE_OPTIONS: dict[str, dict[str, int]] = {
    "jpg": {"quality": 88},
    "webp": {"quality": 84, "method": 1},
    "png": {"compress_level": 3},
}
PILLOW_FORMATS = {"jpg": "JPEG", "webp": "WEBP", "png": "PNG"}
#: Range of the short side in pixels, and the long side as a multiple of it: all sides have 240 to 640 pixels.
SHORT_SIDES = (240, 361)
ASPECTS = (1.0, 1.25, 4 / 3, 1.5, 16 / 9)

#: The EXIF tag, and for each value the operation that the stored pixels need (EXIF 2.32, 4.6.4, tag 274).
ORIENTATION = 274
UNDOING: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class Sample:
    """One image of the set: the `number`th of its class, from 0."""

    label: str
    number: int
    seed: int

    @property
    def extension(self) -> str:
        return FORMATS[(self.number + self._offset) % len(FORMATS)]

    @property
    def path(self) -> Path:
        return Path(self.label) / f"{self.label}-{self.number + 1:03d}.{self.extension}"

    @property
    def orientation(self) -> int | None:
        """Every third image has a tag; each class starts with another of the eight values."""
        return (self.number // 3 + self._offset) % 8 + 1 if self.number % 3 == 0 else None

    @property
    def _offset(self) -> int:
        return list(PAINTERS).index(self.label)

    def drawn(self) -> Image.Image:
        """The image, upright; it depends only on the label, the number and the seed."""
        rng = np.random.default_rng([self.seed, zlib.crc32(self.label.encode()), self.number])
        short = int(rng.integers(*SHORT_SIDES))
        long = round(short * rng.choice(ASPECTS))
        size = Size(long, short) if rng.random() < 0.6 else Size(short, long)
        return lit(rng, PAINTERS[self.label](rng, size))


def samples(per_class: int, seed: int) -> Iterator[Sample]:
    """All images of the set, class by class."""
    return (Sample(label, number, seed) for label in PAINTERS for number in range(per_class))


def draw_samples(folder: Path, *, per_class: int = 25, seed: int = 7, prefix: str = "") -> int:
    """Draw the missing sample images into `folder`, one sub-folder per class; returns the number of all images.

    The name of each file begins with `prefix`.
    An existing image is not changed, so an interrupted call is completed by the next.
    Raises DiskFull, or AccessDenied if the folder is not writable.
    """
    wanted = list(samples(per_class, seed))
    try:
        for sample in wanted:
            path = folder / sample.path.with_name(prefix + sample.path.name)
            if not path.exists():
                keep(sample, path)
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull(f"No space for the sample images in {folder}.", "Free about 25 MB.") from error
        raise write_error(folder, error, "Choose a folder that you may write to.") from error
    return len(wanted)


def keep(sample: Sample, path: Path) -> None:
    """Draw the sample and write it, so that `path` is either complete or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # One temporary name per sample: the next call overwrites what a killed one left.
    unfinished = path.with_name(f".{path.name}.unfinished")
    save(sample, unfinished)
    os.replace(unfinished, path)


def save(sample: Sample, path: Path) -> None:
    """Write the image in the sample's format, with its pixels turned as the orientation tag requires."""
    image = sample.drawn()
    exif = Image.Exif()
    if sample.orientation is not None:
        exif[ORIENTATION] = sample.orientation
        turn = UNDOING[sample.orientation]
        image = image if turn is None else image.transpose(turn)
    # If Pillow wrote the file itself, it would hide the error of the disk.
    encoded = io.BytesIO()
    image.save(encoded, PILLOW_FORMATS[sample.extension], exif=exif, **SAVE_OPTIONS[sample.extension])
    path.write_bytes(encoded.getvalue())

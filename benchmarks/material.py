"""The images and weights that the benchmarks use. They are outside the checkout."""

import os
import random
import shutil
from pathlib import Path

SHARED = Path(os.environ.get("LOOKALIKE_SHARED", Path(__file__).parent.parent.parent / "shared"))
#: A folder of JPEGs, each in the folder of its label.
IMAGES = Path(os.environ.get("LOOKALIKE_PICTURES", SHARED / "data" / "celebrities"))
WEIGHTS = SHARED / "weights" / "resnet50-v1.5-imagenet.keras"
RESNET50 = "lookalike resnet50"
LITE0 = "lookalike efficientnet-lite0"
#: Name in the tables -> options of `lookalike ingest`.
MODELS = {
    RESNET50: ("--model", "resnet50-article", "--weights", str(WEIGHTS)),
    LITE0: (),
}
RESNET50_INT8 = f"{RESNET50} int8"
LITE0_INT8 = f"{LITE0} int8"
#: The same in 8-bit integers; ResNet50 with the projected head.
INT8 = {
    RESNET50_INT8: ("--model", "resnet50:int8", "--weights", str(WEIGHTS)),
    LITE0_INT8: ("--model", "efficientnet-lite0:int8"),
}


def missing() -> str:
    """A message about missing images or weights and what to do, or ""."""
    if not next(IMAGES.rglob("*.jpg"), None):
        return f"There are no images (*.jpg) in {IMAGES}: set LOOKALIKE_PICTURES to a folder of them."
    if not WEIGHTS.is_file():
        return f"{WEIGHTS} is missing: set LOOKALIKE_SHARED to the folder that holds weights/{WEIGHTS.name}."
    return ""


def sample(count: int) -> list[str]:
    """The first `count` paths of the images in a fixed random order: a small sample is part of a larger one."""
    paths = sorted(str(path) for path in IMAGES.rglob("*.jpg"))
    return random.Random(0).sample(paths, len(paths))[:count]


def listed(folder: Path, count: int) -> Path:
    """Write the sample to a list file that `lookalike ingest` and every peer can read."""
    listing = folder / f"{count}.txt"
    listing.write_text("\n".join(sample(count)))
    return listing


def copies(folder: Path, count: int) -> list[str]:
    """The paths of `count` files in new folders, which hold the images of the sample again and again."""
    images = sample(count)
    paths = [folder / f"{number // len(images)}" / f"{number:06d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(images[number % len(images)], path)
    return [str(path) for path in paths]

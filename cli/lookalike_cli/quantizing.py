"""The steps of `lookalike model quantize`: some of a folder's pictures, the model's graph in integers, and kept."""

import shutil
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from lookalike_producer.sources import find_images

from lookalike import factories
from lookalike.embedding import ModelSpec, build_artifact
from lookalike.embedding.artifacts import quantized
from lookalike.embedding.artifacts.quantization import HELD_OUT, check_installed, quantize
from lookalike.embedding.artifacts.quantized import Calibration, Quantized
from lookalike.errors import BadSetting, ImageRejected, SourceMissing
from lookalike.records import ImageRef, Pixels
from lookalike.settings import Settings
from lookalike_cli.advance import advancing

#: Fewer show too little of what activations can be.
LEAST_PICTURES = 32
#: Of those chosen some may turn out to be no pictures.
SPARE = 2


def make(settings: Settings, folder: Path, name: str, pictures: int) -> Quantized:
    """Raises BadSetting, SourceMissing, ModelUnavailable, DiskFull; nothing is kept then."""
    check_installed()
    base = factories.model_spec(settings)
    if base.is_quantized:
        raise BadSetting(f"{base.name} is quantized already.", "Quantize the model that it was made of.")
    pixels = _sample(settings, folder, base, pictures + HELD_OUT)
    artifact = build_artifact(base, settings.home)
    scratch = Path(tempfile.mkdtemp(prefix=".quantizing-", dir=settings.home))
    try:
        report = quantize(artifact.graph, pixels, scratch)
        calibration = Calibration(
            base=base.name,
            pictures=len(pixels) - HELD_OUT,
            cosine=report.cosine,
            cosine_least=report.cosine_least,
            quantized_at=datetime.now(UTC).isoformat(timespec="seconds"),
            versions=report.versions,
        )
        return quantized.write(settings.home, name, base, scratch, report.dimension, calibration)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sample(settings: Settings, folder: Path, base: ModelSpec, count: int) -> Pixels:
    """Pictures from all over the folder, uint8 [N, size, size, 3], in an order that is the same each time."""
    if not folder.is_dir():
        raise SourceMissing(f"{folder} is not a folder.", "Give a folder with pictures.")
    references = _chosen(find_images([str(folder)]), SPARE * count)
    storage = factories.storage(settings)
    found: list[Pixels] = []
    with advancing("read", min(count, len(references))) as advance:
        for reference in references:
            if len(found) == count:
                break
            try:
                found.append(factories.decode(settings, storage.read(reference.uri), size=base.size).pixels)
            except ImageRejected:
                continue
            advance(1)
    if len(found) < LEAST_PICTURES + HELD_OUT:
        what = f"{folder} holds {len(found)} usable pictures, and {LEAST_PICTURES + HELD_OUT} are needed."
        raise SourceMissing(what, "Give a folder with more of them, such as those that will be indexed.")
    return np.stack(found)


def _chosen(references: Iterable[ImageRef], most: int) -> list[ImageRef]:
    """Each with the same chance (reservoir sampling, algorithm R), and the same ones each time."""
    random = np.random.default_rng(0)
    chosen: list[ImageRef] = []
    for number, reference in enumerate(references):
        place = int(random.integers(number + 1))
        if len(chosen) < most:
            chosen.insert(place, reference)
        elif place < most:
            chosen[place] = reference
    return chosen

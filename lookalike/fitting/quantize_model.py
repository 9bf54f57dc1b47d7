"""Quantizes a model with a sample of images and stores it: reads the images, quantizes the graph, writes."""

import shutil
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lookalike import factories
from lookalike.embedding import ModelSpec, build_artifact
from lookalike.embedding.artifacts import quantized
from lookalike.embedding.artifacts.quantization import HELD_OUT, check_installed, quantize
from lookalike.embedding.artifacts.quantized import Calibration, Quantized
from lookalike.errors import BadSetting, ImageRejected, SourceMissing
from lookalike.fitting.progress import Progress, silent
from lookalike.records import ImageRef, Pixels
from lookalike.settings import Settings

#: Fewer images show too little of the range of activations.
MIN_IMAGES = 32
#: References chosen per image needed, because some images may be rejected.
SPARE = 2


def quantize_model(
    settings: Settings, references: Iterable[ImageRef], name: str, *, count: int = 300, progress: Progress = silent
) -> Quantized:
    """Calibrate the configured model with `count` of the images, and store it as `name` in 8-bit integers.

    Raises BadSetting, SourceMissing, ModelUnavailable, DiskFull; then nothing is stored.
    """
    check_installed()
    base = factories.model_spec(settings)
    if base.is_quantized:
        raise BadSetting(f"{base.name} is a quantized model.", "Quantize the model that it was made from.")
    pixels = _pixels(settings, references, base, count + HELD_OUT, progress)
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


def _pixels(
    settings: Settings, references: Iterable[ImageRef], base: ModelSpec, count: int, progress: Progress
) -> Pixels:
    """A random sample of the images, uint8 [N, size, size, 3]; the same sample in the same order each time."""
    chosen = _sampled(references, SPARE * count)
    reader = factories.reader(settings)
    found: list[Pixels] = []
    with progress("read", min(count, len(chosen))) as advance:
        for reference in chosen:
            if len(found) == count:
                break
            try:
                found.append(factories.decode(settings, reader.read(reference.uri), **base.frame._asdict()).pixels)
            except ImageRejected:
                continue
            advance(1)
    if len(found) < MIN_IMAGES + HELD_OUT:
        what = f"Found {len(found)} usable images; quantizing needs {MIN_IMAGES + HELD_OUT}."
        raise SourceMissing(what, "Give a folder with more images, such as those that will be indexed.")
    return np.stack(found)


def _sampled(references: Iterable[ImageRef], count: int) -> list[ImageRef]:
    """At most `count`, each with the same chance (reservoir sampling, algorithm R); the same ones each time."""
    random = np.random.default_rng(0)
    chosen: list[ImageRef] = []
    for number, reference in enumerate(references):
        place = int(random.integers(number + 1))
        if len(chosen) < count:
            chosen.insert(place, reference)
        elif place < count:
            chosen[place] = reference
    return chosen

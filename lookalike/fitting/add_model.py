"""Keeps a model that somebody brought under a name, after it was tried with drawn images."""

import statistics
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from lookalike import factories
from lookalike.embedding import Embedder, ModelSpec
from lookalike.embedding.artifacts import added, copies
from lookalike.embedding.artifacts.added import Added
from lookalike.embedding.int8 import pictures
from lookalike.embedding.specs.names import is_file
from lookalike.embedding.specs.presets import scaling_of
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.fitting.try_texts import TriedTexts, try_texts
from lookalike.records import Pixels, Vectors
from lookalike.settings import Settings

#: Drawn images of each of 16 classes.
PER_CLASS = 3
#: Calls that are timed, each with one image.
_TIMED = 10
#: A share of drawn images below this, whose nearest one is of the same class, is a sign of a wrong preprocessing.
#: EfficientNet-Lite0 has .94, Open NSFW .75; with other preprocessings they have .67 to .94, and .29 to .63.
_FEW = 0.5
#: Vectors of classifiers and of single scores are this short; those of encoders have hundreds of numbers.
_SHORT = 16
#: Cosine above which all images look the same.
_ALIKE = 0.999


@dataclass(frozen=True)
class Tried:
    """What a model did with drawn images.

    `same_class`: share of them whose nearest one is of their class; `ms`: time of one image on one thread; `ends`:
    least and largest number that the model gets. `texts`: what its text side did, None if it has none.
    """

    dimension: int
    ms: float
    same_class: float
    ends: tuple[float, float]
    notes: tuple[str, ...]
    texts: TriedTexts | None = None


def add_model(settings: Settings, name: str) -> tuple[Added, Tried]:
    """Keep the configured model, which is a file or a folder, as `name`.

    Raises BadSetting, ModelUnavailable, DiskFull; then nothing is kept.
    """
    if not is_file(settings.model):
        what = f"{settings.model} has a name already."
        raise BadSetting(what, "Give the path of an .onnx, .keras or OpenVINO .xml file, or ./FOLDER.")
    spec = factories.model_spec(settings)
    tried = _tried(factories.embedder(settings, spec), spec, settings)
    before = copies.copies_of(settings.home, name)
    made = added.write(settings.home, name, spec, datetime.now(UTC).isoformat(timespec="seconds"))
    copies.remove_unused(settings.home, before)
    return made, tried


def _tried(embed: Embedder, spec: ModelSpec, settings: Settings) -> Tried:
    images = pictures.drawn(spec.size, PER_CLASS, pictures.CHECK_SEED)
    vectors = embed(images)
    if not np.isfinite(vectors).all():
        what = f"{spec.name} gives numbers that are not finite."
        raise ModelUnavailable(what, "Check its preprocessing, and whether the file is complete.")
    cosines = vectors @ vectors.T / np.maximum(np.outer(*[np.linalg.norm(vectors, axis=1)] * 2), 1e-12)
    np.fill_diagonal(cosines, -1)
    labels = np.array(pictures.labels(PER_CLASS))
    same_class = float(np.mean(labels[cosines.argmax(axis=1)] == labels))
    notes = tuple(_notes(vectors, float(np.median(cosines)), same_class))
    tried = Tried(vectors.shape[1], _ms(embed, images), same_class, scaling_of(spec).ends, notes)
    if spec.text is None:
        return tried
    texts = try_texts(factories.text_encoder(settings, spec, embed.identity), vectors, list(labels))
    return replace(tried, notes=(*notes, *texts.notes), texts=texts)


def _ms(embed: Embedder, images: Pixels) -> float:
    times = []
    for image in images[:_TIMED]:
        began = time.perf_counter()
        embed(image[None])
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def _notes(vectors: Vectors, cosine: float, same_class: float) -> list[str]:
    """What looks wrong."""
    notes = []
    if vectors.shape[1] < _SHORT:
        notes.append(
            f"The vectors have {vectors.shape[1]} numbers, as the scores of a classifier: --output names an earlier "
            "tensor of the graph, which has its features."
        )
    if cosine > _ALIKE:
        notes.append("All drawn images look the same to it: check the preprocessing and the output.")
    elif same_class < _FEW:
        notes.append("It tells drawn images apart less well than most models: check the preprocessing and the output.")
    return notes

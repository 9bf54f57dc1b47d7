"""Fits a head to images and stores the fitted model: embeds the images, fits, writes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from lookalike import factories
from lookalike.embedding import FittedHead, Head, ModelSpec, Origin
from lookalike.embedding.artifacts import fitted
from lookalike.errors import BadSetting
from lookalike.extras import check_installed
from lookalike.fitting.classes import empty_classes, in_classes, listed, notes_on_classes
from lookalike.fitting.fit import fit
from lookalike.fitting.images import Gathered, gather
from lookalike.fitting.progress import Progress, silent
from lookalike.records import ImageRef
from lookalike.settings import Settings

#: A head is fitted once and used on every CPU, so it must not depend on the precision of this one.
PRECISION = "f32"


@dataclass(frozen=True)
class FittedModel:
    """A stored model, the number of rejected images, and notes for the user, a sentence each."""

    head: FittedHead
    rejected: int
    notes: tuple[str, ...]


def base_of(settings: Settings) -> ModelSpec:
    """The configured model up to its pooled features. Raises BadSetting for a fitted model."""
    spec = factories.model_spec(settings)
    if spec.head.is_fitted:
        raise BadSetting(f"{spec.name} is a fitted model.", "Fit to the model that it was fitted on.")
    return replace(spec, head=Head.POOLED)


def fit_model(
    settings: Settings,
    folder: Path,
    references: Sequence[ImageRef],
    kind: Head,
    name: str,
    *,
    dimensions: int = 256,
    seed: int = 0,
    progress: Progress = silent,
) -> FittedModel:
    """Fit a head of this kind to the references, which are in one sub-folder of `folder` per class; store it as `name`.

    Raises MissingExtra, BadSetting, SourceMissing, ModelUnavailable, DiskFull; then nothing is stored.
    """
    # Before minutes of embedding.
    check_installed("sklearn", needed_by="lookalike model fit", extra="evaluate")
    base = base_of(settings)
    gathered = _gathered(settings, in_classes(folder, references), base, progress)
    layers, training = fit(kind, gathered.features, gathered.labels, dimensions=dimensions, seed=seed)
    origin = Origin(
        base=factories.model_spec(settings).name,
        pictures=len(training.features),
        classes=len(training.names),
        seed=seed,
        fitted_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={library: version(library) for library in ("scikit-learn", "keras")},
    )
    head = fitted.write(settings.home, name, base, kind, layers, origin)
    return FittedModel(
        head, len(gathered.rejected), (*training.notes, *_notes(folder, references, gathered, head, dimensions))
    )


def _gathered(settings: Settings, references: Sequence[ImageRef], base: ModelSpec, progress: Progress) -> Gathered:
    exact = settings.model_copy(update={"precision": PRECISION})
    embed = factories.embedder(exact, base, threads=settings.processes)
    with progress("embed", len(references)) as advance:
        return gather(
            references,
            read=factories.reader(settings).read,
            decode=partial(factories.decode, settings, **base.frame._asdict()),
            embed=embed,
            advance=advance,
        )


def _notes(
    folder: Path, references: Sequence[ImageRef], gathered: Gathered, head: FittedHead, dimensions: int
) -> list[str]:
    notes = notes_on_classes(gathered.labels)
    if gathered.rejected:
        first = gathered.rejected[0]
        notes.append(f"{len(gathered.rejected):,} images were rejected; the first as {first.reason}: {first.uri}.")
    empty = empty_classes(folder, references)
    if empty:
        notes.append(f"{len(empty):,} folders without images were left out: {listed(empty)}.")
    found = head.spec.head_dimension or 0
    if found < dimensions:
        notes.append(f"Vectors have {found} dimensions, not {dimensions}: {_WHY_FEWER[head.spec.head]}.")
    return notes


_WHY_FEWER = {
    Head.PCA: "the images do not differ in more directions, or there are no more features",
    Head.LDA: "lda gives one less than there are classes",
}

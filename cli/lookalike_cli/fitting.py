"""The steps of `lookalike model fit`: a folder's pictures through the base model, a head fitted to them, and kept."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from lookalike_producer.sources import find_images

from lookalike import factories
from lookalike.embedding import FittedHead, Head, ModelSpec, Origin
from lookalike.embedding.artifacts import fitted
from lookalike.errors import BadSetting, SourceMissing
from lookalike.fitting import Gathered, fit, gather
from lookalike.fitting.classes import in_classes
from lookalike.settings import Settings
from lookalike_cli.advance import advancing

#: Numbers must not depend on what a CPU happens to have: a head is fitted once, and used everywhere.
PRECISION = "f32"


@dataclass(frozen=True)
class Made:
    """A fitted model, and sentences on what a person may want to know of the pictures."""

    head: FittedHead
    rejected: int
    notes: tuple[str, ...]


def base_of(settings: Settings) -> ModelSpec:
    """The configured model up to its pooled features. Raises BadSetting for a model that is itself fitted."""
    spec = factories.model_spec(settings)
    if spec.head.is_fitted:
        raise BadSetting(f"{spec.name} is fitted already.", "Fit to the features of the model that it was fitted on.")
    return replace(spec, head=Head.POOLED)


def make(settings: Settings, folder: Path, kind: Head, name: str, *, dimensions: int, seed: int) -> Made:
    """Raises BadSetting, SourceMissing, ModelUnavailable, DiskFull; nothing is kept then."""
    base = base_of(settings)
    gathered = _gathered(settings, folder, base)
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
    return Made(head, len(gathered.rejected), (*training.notes, *_notes(folder, gathered, head, dimensions)))


def _gathered(settings: Settings, folder: Path, base: ModelSpec) -> Gathered:
    if not folder.is_dir():
        raise SourceMissing(f"{folder} is not a folder.", "Give a folder with pictures, in a sub-folder per class.")
    references = in_classes(folder, find_images([str(folder)]))
    exact = settings.model_copy(update={"precision": PRECISION})
    embed = factories.embedder(exact, base, threads=settings.processes)
    with advancing("embed", len(references)) as advance:
        return gather(
            references,
            read=factories.storage(settings).read,
            decode=partial(factories.decode, settings, size=base.size),
            embed=embed,
            advance=advance,
        )


def _notes(folder: Path, gathered: Gathered, head: FittedHead, dimensions: int) -> list[str]:
    notes = []
    if gathered.rejected:
        first = gathered.rejected[0]
        notes.append(f"{len(gathered.rejected):,} files are rejected, the first as {first.reason}: {first.uri}.")
    empty = sorted(path.name for path in folder.iterdir() if _is_empty(path))
    if empty:
        notes.append(f"{len(empty):,} folders hold no file and are left out: {', '.join(empty[:5])}.")
    found = head.spec.head_dimension or 0
    if found < dimensions:
        notes.append(f"Vectors have {found} numbers, not {dimensions}: {_WHY_FEWER[head.spec.head]}.")
    return notes


_WHY_FEWER = {
    Head.PCA: "there are no more features, or directions in which the pictures differ",
    Head.LDA: "lda gives one less than there are classes",
}


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".") and not any(item.is_file() for item in path.rglob("*"))

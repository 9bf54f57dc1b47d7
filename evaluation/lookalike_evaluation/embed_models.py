"""A labelled folder through the workers' own pipeline, once a model, as what `evaluate` measures; stores nothing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from lookalike import factories
from lookalike.embedding import Head, ModelSpec
from lookalike.errors import BadSetting
from lookalike.fitting import FITTED_HEADS, fit_on
from lookalike.pipeline import ingest
from lookalike.records import Chunk, Document, ImageRef, Rejected, Stored
from lookalike.settings import Settings
from lookalike_evaluation.contender import Contender, FitOn

#: Of the chunk that documents remember; they are stored for the time of a measurement only.
JOB = "evaluate"
#: `weights` of a spec whose weights Keras fetches.
FETCHED = "imagenet"
#: What may stand behind a model's name with a plus, and how such a head is fitted.
FITTED: dict[str, FitOn] = {head.value: partial(fit_on, head) for head in FITTED_HEADS}


@dataclass
class Kept:
    """An index of nothing: every document comes to it, and stays in memory."""

    documents: list[Document] = field(default_factory=list)

    def stored(self, ids: Sequence[str]) -> dict[str, Stored]:
        return {}

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        self.documents += documents
        return []


def embedded(
    settings: Settings, spec: ModelSpec, references: Sequence[ImageRef], advance: Callable[[int], None]
) -> tuple[Contender, list[Rejected]]:
    """Every picture read, decoded and embedded as a worker would; `advance` is told how many are done.

    Raises what the model raises; memory: a vector a picture.
    """
    embed = factories.embedder(settings, spec, threads=settings.processes)
    step = partial(
        ingest,
        read=factories.storage(settings).read,
        decode=partial(factories.decode, settings, size=spec.size),
        embed=embed,
        fingerprint=spec.fingerprint,
    )
    kept = Kept()
    rejected: list[Rejected] = []
    began = time.monotonic()
    for start in range(0, len(references), settings.chunk_size):
        part = tuple(references[start : start + settings.chunk_size])
        rejected += step(Chunk(f"{JOB}/{start}", JOB, part), index=kept).rejected
        advance(len(part))
    seconds = time.monotonic() - began
    return Contender(spec.name, embed.identity, tuple(kept.documents), seconds=seconds), rejected


@dataclass(frozen=True)
class Entry:
    """One of `--models`: a spec, and the head that is to be fitted on each split's stored part, if any."""

    name: str
    spec: ModelSpec
    fit_on: FitOn | None = None


def warnings(entries: Sequence[Entry]) -> list[str]:
    """A sentence for each model that may have seen the answers."""
    return [
        f"{entry.name} is a fitted model: if it was fitted on pictures of this folder, it has seen the queries and its "
        f"figures flatter. BASE+{entry.spec.head} is fitted on the stored part alone."
        for entry in entries
        if entry.spec.head.is_fitted
    ]


def entries(settings: Settings, names: Sequence[str]) -> list[Entry]:
    """What the names mean; `NAME+lda` (or `+pca`) is NAME's pooled features and a head fitted anew for each split.

    Weights from the settings go to the names that would fetch theirs. Raises BadSetting, ModelUnavailable.
    """
    fetched = {own.backbone for own in (_own(settings, _parts(name)[0]) for name in names) if own.weights == FETCHED}
    if settings.weights is not None and len(fetched) > 1:
        raise BadSetting(
            f"{settings.weights} cannot be the backbone of {' and of '.join(sorted(fetched))}.",
            "Compare models that share the weights, or let the others fetch theirs.",
        )
    return [_entry(settings, name) for name in names]


def _entry(settings: Settings, name: str) -> Entry:
    base, head = _parts(name)
    spec = _spec(settings, base)
    return Entry(name, replace(spec, head=Head.POOLED), FITTED[head]) if head else Entry(spec.name, spec)


def _parts(name: str) -> tuple[str, str]:
    """The model, and the head to be fitted, if any: `:gem+flip` is no head."""
    base, plus, head = name.rpartition("+")
    return (base, head) if plus and head in FITTED else (name, "")


def _spec(settings: Settings, name: str) -> ModelSpec:
    own = _own(settings, name)
    # The file replaces what would be fetched; other models have weights of their own.
    if settings.weights is None or own.weights != FETCHED:
        return own
    return factories.model_spec(settings.model_copy(update={"model": name}))


def _own(settings: Settings, name: str) -> ModelSpec:
    """With the weights that the name means by itself."""
    is_file = "/" in name or ".keras" in name
    preprocessing = settings.preprocessing if is_file else None
    return factories.model_spec(
        settings.model_copy(update={"model": name, "weights": None, "preprocessing": preprocessing})
    )

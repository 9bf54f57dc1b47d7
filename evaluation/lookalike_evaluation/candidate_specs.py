"""Resolves the names of `lookalike evaluate --models` to candidate specs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from lookalike import factories
from lookalike.embedding import Head, ModelSpec
from lookalike.embedding.specs.names import is_file
from lookalike.errors import BadSetting
from lookalike.fitting import FITTED_HEADS, fit_on
from lookalike.settings import Settings
from lookalike_evaluation.candidate import FitOn

#: `weights` of a spec whose weights Keras downloads.
DOWNLOADED = "imagenet"
#: Heads that may follow a model's name after a plus sign, and how each is fitted.
FITTED: dict[str, FitOn] = {head.value: partial(fit_on, head) for head in FITTED_HEADS}


@dataclass(frozen=True)
class CandidateSpec:
    """One item of `--models`: a spec, and the head to fit on each split's stored part, if any."""

    name: str
    spec: ModelSpec
    fit_on: FitOn | None = None


def warnings(entries: Sequence[CandidateSpec]) -> list[str]:
    """One sentence for each model that may have seen the queries."""
    return [
        f"{entry.name} is a fitted model. If it was fitted on images of this folder, it has seen the queries and its "
        f"figures are too high. BASE+{entry.spec.head} is fitted on the stored part only."
        for entry in entries
        if entry.spec.head.is_fitted
    ]


def candidate_specs(settings: Settings, names: Sequence[str]) -> list[CandidateSpec]:
    """Resolve the names; `NAME+lda` (or `+pca`) is NAME's pooled features with a head fitted for each split. Without a
    name, it is the configured model or, if none was chosen, that of the index.

    Weights from the settings replace those that would be downloaded. Raises BadSetting, ModelUnavailable, and what the
    index raises.
    """
    if not names and not factories.is_model_chosen(settings):
        spec = factories.working_spec(settings)
        return [CandidateSpec(spec.name, spec)]
    names = names or [settings.model]
    downloaded = {
        own.backbone for own in (_named_spec(settings, _parts(name)[0]) for name in names) if own.weights == DOWNLOADED
    }
    if settings.weights is not None and len(downloaded) > 1:
        raise BadSetting(
            f"{settings.weights} cannot be the backbone of both {' and '.join(sorted(downloaded))}.",
            "Compare models that share the weights, or leave out --weights.",
        )
    return [_entry(settings, name) for name in names]


def _entry(settings: Settings, name: str) -> CandidateSpec:
    base, head = _parts(name)
    spec = _spec(settings, base)
    return (
        CandidateSpec(name, replace(spec, head=Head.POOLED), FITTED[head]) if head else CandidateSpec(spec.name, spec)
    )


def _parts(name: str) -> tuple[str, str]:
    """Split a name into model and head to fit, if any. `:gem+flip` is an option, not a head."""
    base, plus, head = name.rpartition("+")
    return (base, head) if plus and head in FITTED else (name, "")


def _spec(settings: Settings, name: str) -> ModelSpec:
    own = _named_spec(settings, name)
    # The file replaces a download; other models have weights of their own.
    if settings.weights is None or own.weights != DOWNLOADED:
        return own
    return factories.model_spec(settings.model_copy(update={"model": name}))


def _named_spec(settings: Settings, name: str) -> ModelSpec:
    """The spec with the weights that the name implies."""
    preprocessing = settings.preprocessing if is_file(name) else None
    return factories.model_spec(
        settings.model_copy(update={"model": name, "weights": None, "preprocessing": preprocessing})
    )

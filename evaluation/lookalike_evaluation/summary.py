"""Summarizes the trials of one model: means, intervals, classes and latencies."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lookalike.records import ModelIdentity
from lookalike_evaluation.candidate import Candidate
from lookalike_evaluation.metrics import FIGURES, Figures, half_width, mean
from lookalike_evaluation.trial import Answer, Trial

#: Column titles of the figures.
TITLES = {
    "hit_at_k": "hit@{k}",
    "precision_at_1": "P@1",
    "precision_at_k": "P@{k}",
    "map_at_k": "mAP@{k}",
    "recall_vs_exact": "recall",
}


@dataclass(frozen=True)
class ClassRow:
    """One class over all trials; `queries` is the number per trial."""

    label: str
    stored: int
    queries: int
    figures: Figures


@dataclass(frozen=True)
class Summary:
    """The results of one model over all splits."""

    name: str
    """Name of the model, with its head: `NAME+lda`."""
    model: ModelIdentity
    """The model, as an index describes it."""
    is_fitted_per_split: bool
    """Whether a head was fitted on the stored part of each split."""
    k: int
    """How many results of a query count."""
    trials: tuple[Trial, ...]
    """The results for each split."""
    figures: Figures
    """Means over the splits."""
    half_widths: dict[str, float | None]
    """Half the 95 % confidence interval of each figure; None with one split."""
    classes: tuple[ClassRow, ...]
    """The figures of each class."""
    p50_ms: float
    """Half of the searches took at most so long, in milliseconds."""
    p99_ms: float
    """99 % of the searches took at most so long, in milliseconds."""
    embed_seconds: float
    """How long the images took to embed."""

    @property
    def stored(self) -> int:
        """How many images a split stores."""
        return self.trials[0].stored

    @property
    def queries(self) -> int:
        """How many images a split searches for."""
        return len(self.trials[0].answers)

    def with_interval(self, name: str) -> str:
        """Format a figure for people: its mean \u00b1 half its confidence interval."""
        value, half = getattr(self.figures, name), self.half_widths[name]
        return f"{value:.3f}" if half is None else f"{value:.3f}\u00b1{half:.3f}"

    def interval(self, name: str) -> list[float] | None:
        """The confidence interval, clipped to [0, 1]."""
        value, half = getattr(self.figures, name), self.half_widths[name]
        return None if half is None else [round(max(0.0, value - half), 4), round(min(1.0, value + half), 4)]

    @property
    def answers(self) -> list[Answer]:
        """The answers of all trials."""
        return [answer for trial in self.trials for answer in trial.answers]

    @property
    def requested(self) -> int:
        """The number of results of a query, k or more; fewer if fewer images are stored."""
        return max(len(answer.right) for answer in self.answers)

    @property
    def hit_at_size(self) -> float:
        """The share of queries with a right one among all results requested: the article's metric."""
        return sum(any(answer.right) for answer in self.answers) / len(self.answers)

    def precision_over_ranks(self) -> list[float]:
        """Precision at 1, 2, ... up to the number of results requested."""
        size = self.requested
        right = np.zeros((len(self.answers), size))
        for row, answer in zip(right, self.answers, strict=True):
            row[: len(answer.right)] = answer.right
        precisions: list[float] = (right.cumsum(axis=1) / np.arange(1, size + 1)).mean(axis=0).tolist()
        return precisions

    def plain(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {
            "model": self.name,
            "fingerprint": self.model.fingerprint,
            "fitted_on_stored_part": self.is_fitted_per_split,
            "stored": self.stored,
            "queries": self.queries,
            **_rounded(self.figures),
            "hit_at_size": round(self.hit_at_size, 4),
            "confidence_95": {name: self.interval(name) for name in FIGURES},
            "latency_ms": {"p50": round(self.p50_ms, 3), "p99": round(self.p99_ms, 3)},
            "embed_seconds": round(self.embed_seconds, 2),
        }

    def details(self) -> dict[str, Any]:
        """The figures of each split and each class as JSON values."""
        return {
            "per_seed": [{"seed": trial.seed, **_rounded(trial.figures(self.k))} for trial in self.trials],
            "per_class": [
                {"name": row.label, "stored": row.stored, "queries": row.queries, **_rounded(row.figures)}
                for row in self.classes
            ],
        }


def column_names(k: int) -> list[str]:
    """Column titles of the figures, in their order."""
    return [TITLES[name].format(k=k) for name in FIGURES]


def summarize(candidate: Candidate, trials: Sequence[Trial], k: int) -> Summary:
    figures = [trial.figures(k) for trial in trials]
    milliseconds = [answer.seconds * 1000 for trial in trials for answer in trial.answers]
    p50_ms, p99_ms = np.percentile(milliseconds, [50, 99]).tolist()
    return Summary(
        name=candidate.name,
        model=candidate.model,
        is_fitted_per_split=candidate.fit_on is not None,
        k=k,
        trials=tuple(trials),
        figures=mean(figures),
        half_widths={name: half_width([getattr(one, name) for one in figures]) for name in FIGURES},
        classes=_classes(trials, k),
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        embed_seconds=candidate.seconds,
    )


def _classes(trials: Sequence[Trial], k: int) -> tuple[ClassRow, ...]:
    by_label: dict[str, list[Answer]] = {}
    for trial in trials:
        for answer in trial.answers:
            by_label.setdefault(answer.label, []).append(answer)
    return tuple(
        ClassRow(label, answers[0].relevant, len(answers) // len(trials), mean([one.figures(k) for one in answers]))
        for label, answers in sorted(by_label.items())
    )


def _rounded(figures: Figures) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(figures).items()}

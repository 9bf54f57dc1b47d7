"""Draws the plots of a report as SVG data URIs."""

import base64
import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lookalike.shown import visible
from lookalike_evaluation.summary import Summary

#: Size of a figure in inches.
WIDTH, HEIGHT = 7.2, 3.6
#: Right and wrong, in colours that colour-blind people can distinguish (Okabe and Ito, 2008).
RIGHT, WRONG = "#0072b2", "#d55e00"
#: A plot shows at most this many classes; the table has all.
MOST_CLASSES = 60
LONGEST_NAME = 24
STYLE: dict[Any, Any] = {
    # Class names may contain dollar signs.
    "text.parse_math": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "lookalike",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
}


def precision_over_ranks(summaries: Sequence[Summary]) -> str:
    """Plot precision at 1, 2, ... for each model."""
    with drawn() as figure:
        axes = figure.subplots()
        for summary in summaries:
            precisions = summary.precision_over_ranks()
            axes.plot(range(1, len(precisions) + 1), precisions, marker="o", label=_shown(summary.name))
        axes.set(xlabel="number of results (k)", ylabel="precision at k", ylim=(0, 1.02))
        axes.legend(frameon=False)
        return data_uri(figure)


def scores(summary: Summary) -> str:
    """Plot the distribution of the scores of right and wrong results."""
    with drawn() as figure:
        axes = figure.subplots()
        pairs = [
            (match.score, is_right)
            for answer in summary.answers
            for match, is_right in zip(answer.matches, answer.right, strict=True)
        ]
        values, right = (np.array(column) for column in zip(*pairs, strict=True))
        # A margin, because a degenerate model may give one score for all.
        bins = np.linspace(values.min() - 1e-6, values.max() + 1e-6, 41).tolist()
        for name, colour, chosen in (("right", RIGHT, right), ("wrong", WRONG, ~right)):
            axes.hist(values[chosen], bins=bins, alpha=0.6, color=colour, label=f"{name} ({chosen.sum():,})")
        axes.set(xlabel="score", ylabel="results")
        axes.legend(frameon=False)
        return data_uri(figure)


def per_class(summaries: Sequence[Summary]) -> str:
    """Plot precision at k of each class, one bar per model."""
    rows = summaries[0].classes[:MOST_CLASSES]
    with drawn(height=max(HEIGHT, 0.12 * len(rows) * (len(summaries) + 1) + 1)) as figure:
        axes = figure.subplots()
        thickness = 0.8 / len(summaries)
        for number, summary in enumerate(summaries):
            found = {row.label: row.figures.precision_at_k for row in summary.classes}
            places = np.arange(len(rows)) + (number - (len(summaries) - 1) / 2) * thickness
            axes.barh(places, [found[row.label] for row in rows], thickness, label=_shown(summary.name))
        axes.set_yticks(range(len(rows)), [_shown(row.label) for row in rows])
        axes.set(xlabel=f"precision at {summaries[0].k}", xlim=(0, 1))
        axes.invert_yaxis()
        axes.legend(frameon=False)
        return data_uri(figure)


def confusion(summary: Summary) -> str:
    """Plot the label of the first result (columns) for the queries of each class (rows, which sum to 1)."""
    labels = [row.label for row in summary.classes[:MOST_CLASSES]]
    matrix = confusion_matrix(summary, labels)
    with drawn(height=max(HEIGHT, 0.22 * len(labels) + 1.5)) as figure:
        axes = figure.subplots()
        image = axes.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        axes.grid(False)
        axes.set_xticks(range(len(labels)), [_shown(label) for label in labels], rotation=90)
        axes.set_yticks(range(len(labels)), [_shown(label) for label in labels])
        axes.set(xlabel="label of the first result", ylabel="label of the query")
        figure.colorbar(image, ax=axes, shrink=0.7)
        return data_uri(figure)


def confusion_matrix(summary: Summary, labels: Sequence[str]) -> NDArray[np.float64]:
    """Return shares, float64 [classes, classes]; first results with a label outside `labels` are left out."""
    places = {label: place for place, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)))
    queries = np.zeros(len(labels))
    for answer in summary.answers:
        if answer.label in places:
            queries[places[answer.label]] += 1
            if answer.matches and (first := answer.matches[0].name) in places:
                counts[places[answer.label], places[first or ""]] += 1
    shares: NDArray[np.float64] = counts / np.maximum(queries, 1)[:, None]
    return shares


@contextmanager
def drawn(height: float = HEIGHT) -> Iterator[Figure]:
    """A figure outside pyplot, which would keep it alive. Characters that the font lacks show as boxes."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        # A matplotlibrc of the working folder or of the user's home is meant for other figures.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")


def data_uri(figure: Figure) -> str:
    """Return the figure as an SVG data URI."""
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode()}"


def _shown(name: str) -> str:
    """Shorten a name and escape control characters, which XML forbids."""
    plain = visible(name)
    return plain if len(plain) <= LONGEST_NAME else plain[: LONGEST_NAME - 1] + "\u2026"

"""Renders a benchmark as a self-contained HTML page. Imports matplotlib."""

from collections.abc import Iterator, Sequence
from typing import Any

from lookalike_cli.speed.figures import Stage, bound
from lookalike_cli.speed.measurement import Measurement
from lookalike_cli.speed.sentences import COLUMNS, rows
from lookalike_evaluation.page import note, page, plot, table
from lookalike_evaluation.plots import RIGHT, WRONG, data_uri, drawn


def render(measured: Measurement, lines: Sequence[str]) -> str:
    """Return the whole page as HTML; `lines` are the sentences of the command."""
    return page("Ingest benchmark", _body(measured, lines))


def _body(measured: Measurement, lines: Sequence[str]) -> Iterator[str]:
    yield from map(note, lines)
    yield plot(_stages_and_whole(measured), "time of each stage, and the measured rate beside its upper bound")
    yield table(COLUMNS, rows(measured.stages))


def _stages_and_whole(measured: Measurement) -> str:
    with drawn() as figure:
        left, right = figure.subplots(1, 2, width_ratios=(3, 1))
        _draw_stages(left, measured.stages.stages)
        rates = [bound(measured.stages, measured.facts.cores), measured.whole.rate.median]
        right.bar(["bound", "whole"], rates, color=[RIGHT, WRONG])
        right.set(ylabel="images per second")
        return data_uri(figure)


def _draw_stages(axes: Any, stages: Sequence[Stage]) -> None:
    """Draw CPU and wall time of each stage, with the range of the repeats."""
    for offset, colour, kind, label in ((-0.2, RIGHT, "cpu_s", "CPU"), (0.2, WRONG, "wall_s", "wall")):
        costs = [(place, cost) for place, stage in enumerate(stages) if (cost := getattr(stage, kind)) is not None]
        spread = [
            [1000 * (cost.median - cost.lowest) for _, cost in costs],
            [1000 * (cost.highest - cost.median) for _, cost in costs],
        ]
        places = [place + offset for place, _ in costs]
        axes.barh(places, [1000 * cost.median for _, cost in costs], 0.4, xerr=spread, color=colour, label=label)
    axes.set_yticks(range(len(stages)), [stage.name for stage in stages])
    axes.set(xlabel="ms per image")
    axes.invert_yaxis()
    axes.legend(frameon=False)

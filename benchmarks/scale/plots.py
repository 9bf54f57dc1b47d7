"""Draws the figures of the page as SVG files."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullFormatter, StrMethodFormatter

from benchmarks.scale import references, vectors, workers
from benchmarks.scale.waiting_workers import IMAGE_S
from lookalike_evaluation.plots import drawn

LATENCIES = ("p50_ms", "p99_ms")


def over_vectors(runs: vectors.Runs, path: Path) -> None:
    """Insert rate, and median and 99th percentile of a search, by number of vectors."""
    with drawn() as figure:
        rates, latencies = figure.subplots(1, 2)
        for number, engine in enumerate(dict.fromkeys(engine for engine, _ in runs)):
            found = {size: filled for (of_engine, size), filled in runs.items() if of_engine == engine}
            sizes, colour = list(found), f"C{number}"
            _line(rates, sizes, [[run.insert_rate for run in filled] for filled in found.values()], engine, colour)
            p50s, p99s = ([[getattr(run, name) for run in filled] for filled in found.values()] for name in LATENCIES)
            _line(latencies, sizes, p50s, f"{engine}, p50", colour)
            _line(latencies, sizes, p99s, f"{engine}, p99", colour, style="--")
        rates.set(xscale="log", yscale="log", xlabel="vectors", ylabel="inserted per second")
        latencies.set(xscale="log", yscale="log", xlabel="vectors", ylabel="search, ms")
        _save(figure, (rates, latencies), path)


def over_references(runs: references.Runs, path: Path) -> None:
    """Rate, and peak memory of both processes, by number of references."""
    with drawn() as figure:
        rates, memory = figure.subplots(1, 2)
        counts = list(runs)
        _line(rates, counts, [[run.rate for run in found] for found in runs.values()], "producer")
        _line(memory, counts, [[run.peak_mib for run in found] for found in runs.values()], "producer")
        _line(memory, counts, [[run.broker_peak_mib for run in found] for found in runs.values()], "Redis")
        rates.set(xscale="log", xlabel="references", ylabel="references per second")
        memory.set(xscale="log", xlabel="references", ylabel="peak memory, MiB")
        _save(figure, (rates, memory), path)


def over_workers(runs: workers.Runs, path: Path) -> None:
    """Images per second by number of workers, compared with linear scaling and with the limit of the model."""
    with drawn() as figure:
        axes = figure.subplots()
        counts = list(runs)
        rates = [[rate.images_s for rate in found] for found in runs.values()]
        _line(axes, counts, rates, "measured")
        one = median(rate.images_s for rate in runs[1])
        axes.plot(counts, [count * one for count in counts], linestyle=":", label="so many times one worker")
        axes.plot(counts, [count / IMAGE_S for count in counts], linestyle="--", label="the model alone")
        axes.set(xlabel="workers", ylabel="images per second", xticks=counts)
        _save(figure, (axes,), path)


def _line(
    axes: Axes,
    places: Sequence[int],
    values: Sequence[Sequence[float]],
    label: str,
    colour: str | None = None,
    style: str = "-",
) -> None:
    """Medians, with error bars from the lowest to the highest value."""
    middles = [median(found) for found in values]
    below = [middle - min(found) for middle, found in zip(middles, values, strict=True)]
    above = [max(found) - middle for middle, found in zip(middles, values, strict=True)]
    spread = (below, above)
    axes.errorbar(places, middles, spread, marker="o", capsize=3, label=label, linestyle=style, color=colour)


def _save(figure: Figure, panels: Sequence[Axes], path: Path) -> None:
    for axes in panels:
        # By default the labels of logarithmic axes are mathematical text, which `drawn` does not support.
        if axes.get_xscale() == "log":
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
            axes.xaxis.set_minor_formatter(NullFormatter())
        if axes.get_yscale() == "log":
            low, high = (math.log10(limit) for limit in axes.get_ylim())
            axes.set_ylim(10 ** math.floor(low), 10 ** math.ceil(high))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
    figure.savefig(path, format="svg", metadata={"Date": None})

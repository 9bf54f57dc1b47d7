"""What a bench says, for people and for programs: one wording for terminal and page; measures nothing."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from lookalike_cli.speed.advice import BUSY_SHARE, Verdict
from lookalike_cli.speed.figures import Spread, Stages, bound, efficiency, hours_per_million, shares
from lookalike_cli.speed.measurement import Measurement

#: Of the table of stages.
COLUMNS = ("stage", "CPU, ms", "from - to", "wall, ms", "from - to", "of the CPU")
NO_RATIO = "No efficiency: the whole did not index the same pictures as the stages, so the two are not of one run."


def rows(stages: Stages) -> list[tuple[str, ...]]:
    """A line a stage: medians and reach of the repeats, in ms a picture."""
    parts = shares(stages.stages)
    return [
        (stage.name, *_milliseconds(stage.cpu_s), *_milliseconds(stage.wall_s), f"{parts[stage.name]:.0%}")
        for stage in stages.stages
    ]


def sentences(measured: Measurement, verdict: Verdict, price: float | None) -> list[str]:
    """The conclusions, best first; nothing of money unless `price`, that of an hour, is known."""
    return [*_rates(measured), *_per_million(measured, price), *_conclusion(verdict)]


def doubts(measured: Measurement) -> Iterator[str]:
    """Why the numbers may be worth less than they seem."""
    facts = measured.facts
    if measured.rejected:
        yield f"{measured.rejected:,} files are no pictures that can be indexed; they are not measured."
    if facts.busy_cores > BUSY_SHARE * facts.cores:
        yield (
            f"Other programs kept about {facts.busy_cores:.1f} of {facts.cores} cores busy when this began: "
            "the whole, and so the efficiency, would be higher on a machine of its own."
        )


def plain(measured: Measurement, verdict: Verdict, price: float | None) -> dict[str, Any]:
    """Fit for JSON. Seconds a picture, pictures a second."""
    stages, whole, facts = measured.stages, measured.whole, measured.facts
    hours = hours_per_million(whole.rate.median)
    return {
        "run": stages.run,
        "pictures": stages.pictures,
        "rejected": measured.rejected,
        "stages": {stage.name: asdict(stage) for stage in stages.stages},
        "whole": asdict(whole),
        "bound": bound(stages, facts.cores),
        "efficiency": efficiency(stages, whole, facts.cores),
        "per_core": whole.rate.median / facts.cores,
        "hours_per_million": hours,
        **({} if price is None else {"cost_per_million": hours * price}),
        **asdict(verdict),
        "facts": asdict(facts),
        "notes": list(doubts(measured)),
    }


def _rates(measured: Measurement) -> Iterator[str]:
    stages, whole, facts = measured.stages, measured.whole, measured.facts
    rate, limit = whole.rate, bound(stages, facts.cores)
    yield (
        f"The whole: {rate.median:,.1f} pictures a second ({rate.lowest:,.1f} to {rate.highest:,.1f}) with "
        f"{facts.processes} processes, {facts.chunk_size} pictures a chunk, {facts.model} in {facts.precision}; "
        f"{rate.median / facts.cores:,.1f} a core."
    )
    yield f"The bound: {limit:,.1f} a second, {facts.cores} cores / {1000 * stages.cpu_s:.2f} ms of CPU a picture."
    reached = efficiency(stages, whole, facts.cores)
    yield NO_RATIO if reached is None else f"Efficiency, whole / bound: {reached:.2f}."


def _per_million(measured: Measurement, price: float | None) -> Iterator[str]:
    hours = hours_per_million(measured.whole.rate.median)
    cost = "" if price is None else f", {hours * price:,.2f} at {price:,.2f} an hour"
    yield f"A million such pictures: {hours:,.1f} hours{cost}."


def _conclusion(verdict: Verdict) -> Iterator[str]:
    yield f"What holds it back: {verdict.bottleneck}, {verdict.why}."
    for sentence in verdict.advice:
        yield f"  - {sentence}"


def _milliseconds(cost: Spread | None) -> tuple[str, str]:
    if cost is None:
        return "-", ""
    return f"{1000 * cost.median:.2f}", f"{1000 * cost.lowest:.2f} - {1000 * cost.highest:.2f}"

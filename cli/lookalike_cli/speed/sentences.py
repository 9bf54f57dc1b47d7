"""Formats a measurement as sentences, table rows and JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from lookalike.decoders import GAIN, fastest
from lookalike.plural import counted
from lookalike_cli.speed.advice import BUSY_SHARE, Diagnosis
from lookalike_cli.speed.facts import Facts
from lookalike_cli.speed.figures import Spread, Stages, bound, efficiency, forward_rate, hours_per_million, shares
from lookalike_cli.speed.measurement import Measurement

#: Columns of the table of stages.
COLUMNS = ("stage", "CPU, ms", "min - max", "wall, ms", "min - max", "share of CPU")
NO_RATIO = "No efficiency: the whole and the stages did not index the same images."


def rows(stages: Stages) -> list[tuple[str, ...]]:
    """One row per stage: median and range of the repeats in ms per image."""
    parts = shares(stages.stages)
    return [
        (stage.name, *_milliseconds(stage.cpu_s), *_milliseconds(stage.wall_s), f"{parts[stage.name]:.0%}")
        for stage in stages.stages
    ]


def sentences(measured: Measurement, diagnosis: Diagnosis, price: float | None) -> list[str]:
    """The conclusions as sentences; with the costs if `price`, per hour, is given."""
    return [*_rates(measured), *_per_million(measured, price), *_conclusion(diagnosis)]


def doubts(measured: Measurement) -> Iterator[str]:
    """Reasons to doubt the numbers."""
    facts = measured.facts
    if measured.rejected:
        yield f"{measured.rejected:,} files are not valid images; they are not measured."
    if facts.busy_cores > BUSY_SHARE * facts.cores:
        yield (
            f"Other programs used about {facts.busy_cores:.1f} of {facts.cores} cores when the measurement began: "
            "rate and efficiency would be higher on an idle machine."
        )


def plain(measured: Measurement, diagnosis: Diagnosis, price: float | None) -> dict[str, Any]:
    """Return JSON values; times are seconds per image, rates images per second."""
    stages, whole, facts = measured.stages, measured.whole, measured.facts
    hours, limit = hours_per_million(whole.rate.median), bound(stages, facts.cores)
    return {
        "end_to_end_images_per_second": whole.rate.median,
        "forward_images_per_second": forward_rate(stages, facts.cores),
        "bound_images_per_second": limit,
        "run": stages.run,
        "images": stages.images,
        "pictures": stages.images,
        "rejected": measured.rejected,
        "stages": {stage.name: asdict(stage) for stage in stages.stages},
        "whole": asdict(whole) | {"pictures": whole.images},
        "bound": limit,
        "efficiency": efficiency(stages, whole, facts.cores),
        "per_core": whole.rate.median / facts.cores,
        "hours_per_million": hours,
        **({} if price is None else {"cost_per_million": hours * price}),
        **asdict(diagnosis),
        "facts": asdict(facts),
        "notes": list(doubts(measured)),
    }


def _rates(measured: Measurement) -> Iterator[str]:
    stages, whole, facts = measured.stages, measured.whole, measured.facts
    rate, limit = whole.rate, bound(stages, facts.cores)
    processes = counted(facts.processes, "process", "processes")
    calls = f", 1 thread each, {counted(facts.images_per_call, 'image')} per call" if facts.images_per_call else ""
    place = f" on {counted(facts.gpus, 'GPU')}" if facts.gpus else calls
    yield (
        f"Ingest rate: {rate.median:,.1f} images per second ({rate.lowest:,.1f} to {rate.highest:,.1f}) with "
        f"{processes}, {counted(facts.chunk_size, 'image')} per chunk, {facts.model} in {facts.precision}{place}; "
        f"{rate.median / facts.cores:,.1f} per core."
    )
    cost_ms = 1000 * stages.cpu_s
    cores = counted(facts.cores, "core")
    yield f"Upper bound: {limit:,.1f} images per second ({cores} / {cost_ms:.2f} ms of CPU per image)."
    yield from _on_gpus(facts)
    reached = efficiency(stages, whole, facts.cores)
    yield NO_RATIO if reached is None else f"Efficiency (rate / bound): {reached:.2f}."


def _on_gpus(facts: Facts) -> Iterator[str]:
    if facts.decoder_rates:
        rates = ", ".join(f"{rate:,.1f} with {number}" for number, rate in facts.decoder_rates.items())
        decoders = counted(fastest(facts.decoder_rates), "process", "processes")
        rule = f"fewer than cores must be {GAIN - 1:.0%} faster"
        yield f"Decoded and embedded images per second, by processes: {rates}. Chosen: {decoders} ({rule})."
    for used in facts.gpu_memory:
        yield f"Memory of the GPU: {used} used."


def _per_million(measured: Measurement, price: float | None) -> Iterator[str]:
    hours = hours_per_million(measured.whole.rate.median)
    cost = "" if price is None else f", {hours * price:,.2f} at {price:,.2f} per hour"
    yield f"A million such images: {hours:,.1f} hours{cost}."


def _conclusion(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"Bottleneck: {diagnosis.bottleneck}, {diagnosis.why}."
    for sentence in diagnosis.advice:
        yield f"  - {sentence}"


def _milliseconds(cost: Spread | None) -> tuple[str, str]:
    if cost is None:
        return "-", ""
    return f"{1000 * cost.median:.2f}", f"{1000 * cost.lowest:.2f} - {1000 * cost.highest:.2f}"

"""Runs one scenario, from its images to its row of the table."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testing.processes import await_true
from tests.faults.images import make_source
from tests.faults.invariants import Findings, Reference, vectors
from tests.faults.rig import Place, Rig
from tests.faults.scenarios import UNDISTURBED, Scenario

#: The watch notices the end of a recovery within this time.
LOOK_S = 10.0


@dataclass(frozen=True)
class Row:
    """The result of a scenario. `runs`: how often the ingest was started. `summary`: the last ingest's summary."""

    scenario: Scenario
    injected: Mapping[str, int]
    images: int
    findings: Findings
    longest_s: float | None
    runs: int
    summary: Mapping[str, Any]

    @property
    def is_in_time(self) -> bool:
        """Whether recovery took no longer than allowed. Only `make faults` checks this: tests share their machine."""
        bound_s = self.scenario.bound_s
        return bound_s is None or (self.longest_s is not None and self.longest_s <= bound_s)


@dataclass(frozen=True)
class Undisturbed:
    """Scenario F0, and the vectors that it stored: those of all other scenarios are compared with them."""

    row: Row
    reference: Reference


def undisturbed(place: Place, folder: Path, images: int = UNDISTURBED.images) -> Undisturbed:
    """Run an ingest without faults. Raises InvariantBroken if an image has two different vectors."""
    source = make_source(folder / "pictures", images)
    with Rig(place, folder / "rig", UNDISTURBED.id.lower()) as rig:
        summary = rig.complete(rig.ingest(source))
        reference = vectors(source, rig.index_url, rig.index)
        findings = rig.examine(source, reference)
        return Undisturbed(Row(UNDISTURBED, {}, len(source), findings, None, rig.runs, summary), reference)


def play(
    scenario: Scenario,
    place: Place,
    folder: Path,
    reference: Reference,
    *,
    images: int,
    times: int,
    rig: Rig | None = None,
) -> Row:
    """Run a scenario on `rig`, or on its own rig, and examine the result.

    Raises AssertionError only if the scenario could not be run.
    """
    source = make_source(folder / "pictures", images, dict.fromkeys(scenario.poisons, 1))
    with nullcontext(rig) if rig else _own_rig(scenario, place, folder) as used:
        used.begin(scenario.id.lower(), scenario.settings)
        summary = used.complete(scenario.act(used, source, times))
        findings = used.examine(source, reference)
        if used.watch.recoveries:
            await_true(lambda: used.watch.longest_s() is not None, LOOK_S)
        return Row(scenario, dict(used.injected), len(source), findings, used.watch.longest_s(), used.runs, summary)


def _own_rig(scenario: Scenario, place: Place, folder: Path) -> Rig:
    index = scenario.id.lower()
    return Rig(place, folder / "rig", index, scenario.patches, scenario.settings, decode_s=scenario.decode_s)

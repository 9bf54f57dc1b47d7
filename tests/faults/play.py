"""One scenario from its images to its line of the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testing.processes import await_true
from tests.faults.images import DISTINCT, make_source
from tests.faults.invariants import Findings, Reference, vectors
from tests.faults.rig import Place, Rig
from tests.faults.scenarios import Scenario

#: A blow whose chunks are all closed is seen to be over within one look.
LOOK_S = 10.0


@dataclass(frozen=True)
class Row:
    """What a scenario came to. `runs`: how often the same ingest was started. `summary`: what the last one printed."""

    scenario: Scenario
    injected: Mapping[str, int]
    images: int
    findings: Findings
    longest_s: float | None
    runs: int
    summary: Mapping[str, Any]

    @property
    def is_in_time(self) -> bool:
        """Whether recovery took no longer than allowed; judged by `make faults`, not by tests on a shared machine."""
        bound_s = self.scenario.bound_s
        return bound_s is None or (self.longest_s is not None and self.longest_s <= bound_s)


def undisturbed(place: Place, folder: Path) -> Reference:
    """The vectors of a run that nothing happens to."""
    source = make_source(folder / "pictures", DISTINCT, is_good=True)
    with Rig(place, folder / "rig", "undisturbed") as rig:
        rig.complete(rig.ingest(source))
        return vectors(source, rig.index_url, rig.index)


def play(scenario: Scenario, place: Place, folder: Path, reference: Reference, *, images: int, times: int) -> Row:
    """Run it and look at what it left. Raises AssertionError only where the run itself could not be carried out."""
    source = make_source(folder / "pictures", images, dict.fromkeys(scenario.poisons, 1))
    index = scenario.id.lower()
    with Rig(place, folder / "rig", index, scenario.patches, scenario.settings) as rig:
        summary = rig.complete(scenario.act(rig, source, times))
        findings = rig.examine(source, reference)
        if rig.watch.blows:
            await_true(lambda: rig.watch.longest_s() is not None, LOOK_S)
        return Row(scenario, dict(rig.injected), len(source), findings, rig.watch.longest_s(), rig.runs, summary)

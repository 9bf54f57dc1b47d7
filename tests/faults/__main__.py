"""`python -m tests.faults`: runs the whole suite with many images. Writes the table of docs/reliability.md."""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from testing.services.opensearch import OpenSearchServer, left_as_found
from tests.faults import report
from tests.faults.model import make_model
from tests.faults.pace import REAL
from tests.faults.play import Row, play, undisturbed
from tests.faults.rig import Place
from tests.faults.scenarios import SCENARIOS, UNDISTURBED, Scenario

#: The large mix also has images that kill their process.
MIX = replace(
    next(scenario for scenario in SCENARIOS if scenario.id == "F16"),
    fault="a random mix, with poison",
    patches=("poison",),
    poisons=("segmentation-fault", "abort"),
)


def main() -> int:
    """Return 0 if every image was accounted for in every scenario. Writes the page after a full run."""
    options = _arguments()
    print(f"FAULTS_SEED={options.seed}")
    deadline = time.monotonic() + 60 * options.minutes
    rows, broken = [], []
    with tempfile.TemporaryDirectory() as name, OpenSearchServer() as opensearch:
        folder = Path(name)
        place = Place(opensearch, folder, make_model(folder), REAL)
        with left_as_found(opensearch):
            baseline = undisturbed(place, folder / "undisturbed", options.images)
        if _is_wanted(UNDISTURBED, options):
            rows.append(baseline.row)
            broken += _problems_of(baseline.row)
        for number, (scenario, times) in enumerate(_schedule(options, deadline)):
            with left_as_found(opensearch):
                at = folder / f"{number}-{scenario.id}"
                row = play(scenario, place, at, baseline.reference, images=options.images, times=times)
            rows.append(row)
            broken += _problems_of(row)
    print(report.table(rows))
    if options.only:
        report.renew(rows)
    else:
        report.write(
            rows, f"make faults FAULTS='--images {options.images} --minutes {options.minutes} --seed {options.seed}'"
        )
    print("\n".join(broken) or "Every image was accounted for in every scenario.")
    return 1 if broken else 0


def _schedule(options: argparse.Namespace, deadline: float) -> Iterator[tuple[Scenario, int]]:
    """Each scenario with its number of faults, which grows with the images; then mixes until the time is over."""
    share = min(1.0, options.images / 10_000)
    for scenario in SCENARIOS:
        if _is_wanted(scenario, options) and scenario.id not in (UNDISTURBED.id, MIX.id):
            yield scenario, max(scenario.times, round(scenario.many * share))
    for seed in count(options.seed):
        left_s = int(deadline - time.monotonic())
        if not _is_wanted(MIX, options) or (left_s < MIX.times and seed > options.seed):
            return
        os.environ["FAULTS_SEED"] = str(seed)
        yield MIX, max(left_s, MIX.times)


def _is_wanted(scenario: Scenario, options: argparse.Namespace) -> bool:
    return not options.only or scenario.id in options.only.split(",")


def _problems_of(row: Row) -> list[str]:
    scenario: Scenario = row.scenario
    try:
        row.findings.must_hold()
        assert row.is_in_time, f"recovery took {row.longest_s} s"
    except AssertionError as error:
        print(f"{scenario.id} FAILED: {error}", flush=True)
        return [f"{scenario.id}: {error}"]
    print(f"{scenario.id} held: {dict(row.injected)}, longest recovery {row.longest_s} s", flush=True)
    return []


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000, help="images of every scenario (default: 10,000)")
    parser.add_argument(
        "--minutes", type=int, default=30, help="how long random mixes are repeated at the end (default: 30)"
    )
    seed = random.SystemRandom().randrange(10**6)
    parser.add_argument("--seed", type=int, default=seed, help="seed of the first random mix")
    parser.add_argument("--only", default="", help="run some scenarios, such as F4,F20, and replace their lines")
    return parser.parse_args()


sys.exit(main())

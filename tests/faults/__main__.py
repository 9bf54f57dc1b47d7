"""`python -m tests.faults`: the whole suite in its large size, and its table in docs/reliability.md."""

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
from tests.faults.play import Row, play, undisturbed
from tests.faults.rig import Place
from tests.faults.scenarios import SCENARIOS, Scenario

#: In its large size the mix holds images, too, that kill their process.
MIX = replace(
    next(scenario for scenario in SCENARIOS if scenario.id == "F16"),
    fault="a random mix, with poison",
    patches=("poison",),
    poisons=("segmentation-fault", "abort"),
)


def main() -> int:
    """0 if the promise was kept everywhere. The page is written after a whole run."""
    asked = _arguments()
    print(f"FAULTS_SEED={asked.seed}")
    deadline = time.monotonic() + 60 * asked.minutes
    rows, broken = [], []
    with tempfile.TemporaryDirectory() as name, OpenSearchServer() as opensearch:
        folder = Path(name)
        place = Place(opensearch, folder, make_model(folder))
        reference = undisturbed(place, folder / "undisturbed")
        for number, (scenario, times) in enumerate(_programme(asked, deadline)):
            with left_as_found(opensearch):
                at = folder / f"{number}-{scenario.id}"
                row = play(scenario, place, at, reference, images=asked.images, times=times)
            rows.append(row)
            broken += _judged(row)
    print(report.table(rows))
    if asked.only:
        report.renew(rows)
    else:
        report.write(
            rows, f"make faults FAULTS='--images {asked.images} --minutes {asked.minutes} --seed {asked.seed}'"
        )
    print("\n".join(broken) or "The promise was kept.")
    return 1 if broken else 0


def _programme(asked: argparse.Namespace, deadline: float) -> Iterator[tuple[Scenario, int]]:
    """Every scenario with its times, grown with the number of images; then mixes, for as long as there is time."""
    share = min(1.0, asked.images / 10_000)
    for scenario in SCENARIOS:
        if asked.only in ("", scenario.id) and scenario.id != MIX.id:
            yield scenario, max(scenario.times, round(scenario.many * share))
    for seed in count(asked.seed):
        left_s = int(deadline - time.monotonic())
        if asked.only not in ("", MIX.id) or (left_s < MIX.times and seed > asked.seed):
            return
        os.environ["FAULTS_SEED"] = str(seed)
        yield MIX, max(left_s, MIX.times)


def _judged(row: Row) -> list[str]:
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
    parser.add_argument("--pictures", type=int, default=10_000, help="of every scenario (default: 10,000)")
    parser.add_argument(
        "--minutes", type=int, default=30, help="for which random mixes are repeated at the end (default: 30)"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="of the random mix")
    parser.add_argument("--only", default="", help="one scenario, such as F4; its line of the page is renewed")
    return parser.parse_args()


sys.exit(main())

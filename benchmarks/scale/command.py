"""The command `make scale`: reads the options, measures the chosen parts and writes the page."""

import argparse
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.page import renew
from benchmarks.scale import hosts, plots, references, tables, vectors, workers
from benchmarks.table import console
from testing.services import ServiceMissing
from testing.services.process import StartFailed

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
Counts = tuple[int, ...]
COUNTS = (1_000, 100_000, 1_000_000, 10_000_000)


@dataclass(frozen=True)
class Plan:
    """The sizes of one run. `figures` is the folder for the figures."""

    sizes: Counts
    references: Counts
    workers: Counts
    hosts: Counts
    rounds: int
    job_s: float
    figures: Path


def run(arguments: Sequence[str]) -> None:
    """Measure the chosen parts one after the other; each result goes to the page at once."""
    chosen = _parsed(arguments)
    figures = chosen.page.with_suffix("")
    figures.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        chosen.sizes, chosen.references, chosen.workers, chosen.hosts, chosen.rounds, chosen.job_seconds, figures
    )
    command = shlex.join(["python", "-m", "benchmarks.scale", *arguments])
    for name in [chosen.only] if chosen.only else PARTS:
        try:
            text = PARTS[name](plan)
        except (ServiceMissing, StartFailed) as error:
            raise SystemExit(f"Cannot measure the part {name}: {error}") from error
        console.print(text, markup=False)
        renew(chosen.page, name, command, text)


def _vectors(plan: Plan) -> str:
    runs = vectors.measured(plan.sizes, plan.rounds)
    plots.over_vectors(runs, plan.figures / "vectors.svg")
    return tables.of_vectors(runs)


def _references(plan: Plan) -> str:
    runs = references.measured(plan.references, plan.rounds)
    plots.over_references(runs, plan.figures / "references.svg")
    return tables.of_references(runs, references.chunk_bytes())


def _workers(plan: Plan) -> str:
    runs = workers.measured(plan.workers, plan.rounds, plan.job_s)
    plots.over_workers(runs, plan.figures / "workers.svg")
    return tables.of_workers(runs)


def _hosts(plan: Plan) -> str:
    return tables.of_hosts(*hosts.measured(plan.hosts, plan.rounds, plan.job_s))


PARTS: dict[str, Callable[[Plan], str]] = {
    "vectors": _vectors,
    "references": _references,
    "workers": _workers,
    "hosts": _hosts,
}


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=run.__doc__)
    parser.add_argument(
        "--sizes", type=_counts, default=(10_000, 100_000, 1_000_000), help="numbers of vectors, such as 1000,10000"
    )
    parser.add_argument("--references", type=_counts, default=COUNTS, help="numbers of references")
    parser.add_argument("--workers", type=_counts, default=(1, 2, 4, 8), help="numbers of workers; must include 1")
    parser.add_argument("--hosts", type=_counts, default=(1, 2, 4), help="numbers of hosts; must include 1")
    parser.add_argument("--rounds", type=int, default=3, help="very large sizes are measured in one round only")
    parser.add_argument("--job-seconds", type=float, default=45.0, help="length of one job of the workers")
    parser.add_argument("--only", choices=PARTS, help="measure and replace only this part of the page")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page; the figures go to a folder of the same name")
    chosen = parser.parse_args(arguments)
    for name in ("workers", "hosts"):
        if 1 not in getattr(chosen, name):
            parser.error(f"--{name} needs 1: efficiency is relative to the rate of one, measured in the same round.")
    if chosen.rounds < 1:
        parser.error("--rounds must be 1 or more.")
    return chosen


def _counts(text: str) -> Counts:
    """Distinct positive numbers, ascending. Raises ArgumentTypeError."""
    words = text.split(",")
    if not all(word.isdecimal() and int(word) for word in words):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers above 0, such as 1000,10000.")
    return tuple(sorted({int(word) for word in words}))

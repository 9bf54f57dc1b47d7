"""Prints what `benchmarks.service` has measured."""

from statistics import median
from typing import Any

from benchmarks.table import console, print_rates

OURS = "lookalike"
EIGHT_BITS = f"{OURS}, 8-bit model"
EARLIER = f"{OURS}, the other checkout"
ARTICLE = "the article's way"
RESNET = f"{ARTICLE}, ResNet50"

#: Side -> what the load generator has reported of each round.
Runs = dict[str, list[dict[str, Any]]]


def report(one: Runs, many: Runs, clients: int, filled: str) -> None:
    """The rounds with one client and with many, on an index that is `filled` so."""
    for number, runs in ((1, one), (clients, many)):
        _print_rates(f"{filled}, {number} client{'s' * (number > 1)}", runs)
    for name in many:
        _print_errors(name, [*one[name], *many[name]])
    share = median(run["cpu_share"] for run in many[OURS])
    server_ms = median(run["server_cpu_ms"] for run in many[OURS])
    console.print(
        f"load generator: {share:.0%} of a core with {clients} clients; {OURS}: {server_ms:.1f} ms CPU a search"
    )


def _print_rates(title: str, runs: Runs) -> None:
    rates = {name: [run["rate"] for run in sides] for name, sides in runs.items()}
    print_rates(title, "searches/s", rates, baseline=ARTICLE)
    baseline = EARLIER if EARLIER in runs else OURS
    ours = [name for name in (OURS, EIGHT_BITS, EARLIER) if name in runs]
    print_rates(title, "searches/s", {name: rates[name] for name in ours}, baseline=baseline)
    cpu = {name: [run["server_cpu_ms"] for run in runs[name]] for name in ours}
    print_rates(f"{title}, CPU of the service", "ms a search", cpu, baseline=baseline)
    latencies = {f"{name} {p}": [run[f"{p}_ms"] for run in runs[name]] for name in runs for p in ("p50", "p99")}
    print_rates(title, "ms", latencies)


def _print_errors(name: str, runs: list[dict[str, Any]]) -> None:
    errors, searches = (sum(run[key] for run in runs) for key in ("errors", "searches"))
    first = next((run["first_error"] for run in runs if run["errors"]), "")
    console.print(f"{name}: {errors} errors in {searches:,} searches {first}".rstrip())

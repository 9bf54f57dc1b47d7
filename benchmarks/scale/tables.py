"""The measured parts as Markdown: medians, and for several rounds also the lowest and the highest value."""

from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks.scale import hosts, produce, references, vectors, workers
from benchmarks.scale.waiting_workers import CHUNK_SIZE, IMAGE_S

#: The efficiency that eight workers must reach.
TARGET = 0.9
MIB = 2**20


def of_vectors(runs: vectors.Runs) -> str:
    engines = dict.fromkeys(engine for engine, _ in runs)
    rows = [
        [
            engine,
            f"{size:,}",
            str(len(found)),
            _spread([run.insert_rate for run in found], ",.0f"),
            _spread([run.merge_s for run in found], ".0f"),
            _spread([run.p50_ms for run in found], ".1f"),
            _spread([run.p99_ms for run in found], ".1f"),
            f"{median(run.recall for run in found):.4f}",
            f"{median(run.size_bytes for run in found) / MIB:,.1f}",
            f"{median(run.size_bytes for run in found) / size:,.0f}",
        ]
        for engine in engines
        for (of_engine, size), found in runs.items()
        if of_engine == engine
    ]
    searches = ["search p50, ms", "p99, ms", f"recall@{vectors.K}"]
    header = [
        "",
        "vectors",
        "rounds",
        "inserted/s",
        "merging afterwards, s",
        *searches,
        "MiB on disk",
        "bytes per vector",
    ]
    return "\n".join((_table(header, rows), "", "![Insert rate and latency by size](scale/vectors.svg)"))


def of_references(runs: references.Runs, chunk_bytes: float) -> str:
    rows = [
        [
            f"{count:,}",
            str(len(found)),
            _spread([run.rate for run in found], ",.0f"),
            _spread([run.peak_mib for run in found], ".1f"),
            _spread([run.broker_peak_mib for run in found], ".1f"),
        ]
        for count, found in runs.items()
    ]
    cost = (
        f"An outstanding chunk of {produce.CHUNK_SIZE} references and its message take {chunk_bytes:,.0f} bytes in "
        f"Redis. The producer pauses at {produce.LIMIT} chunks: {produce.LIMIT * chunk_bytes / MIB:.1f} MiB."
    )
    figure = "![Rate and memory by number of references](scale/references.svg)"
    header = ["references", "rounds", "references/s", "producer's peak, MiB", "Redis's peak, MiB"]
    return "\n".join((_table(header, rows), "", cost, "", figure))


def of_workers(runs: workers.Runs) -> str:
    figure = "![Images per second by number of workers](scale/workers.svg)"
    return "\n".join((_model(), "", _rates("workers", runs), "", *_efficiency(workers.efficiencies(runs)), figure))


def of_hosts(runs: workers.Runs, failures: hosts.FailureRun) -> str:
    rows = [[phase.name, f"{phase.expected:.0f}", f"{phase.measured:.1f}"] for phase in failures.phases]
    job = failures.job
    summary = (
        f"A job with failures: one host is {hosts.SLOWNESS} times slower than the others throughout. Later one host "
        f"is cut off and killed, and another one is cut off for {hosts.PARTITION_S:.0f} s. {job.found:,} images found, "
        f"{job.indexed:,} indexed, {job.rejected} rejected; {failures.documents:,} documents in the index. "
        f"{job.resent} chunks were sent again. The job {job.state.value} after {failures.seconds:.0f} s."
    )
    header = ["", "images/s that the remaining hosts can reach", "measured"]
    return "\n".join((_model(), "", _rates("hosts", runs), "", summary, "", _table(header, rows)))


def _model() -> str:
    return f"The model waits {1000 * IMAGE_S:.0f} ms per image; chunks of {CHUNK_SIZE} images."


def _rates(of: str, runs: workers.Runs) -> str:
    efficiencies = workers.efficiencies(runs)
    rows = [
        [
            str(count),
            str(len(found)),
            _spread([rate.images_s for rate in found], ",.1f"),
            f"{count / IMAGE_S:,.0f}",
            _spread(efficiencies[count], ".3f"),
            _spread([rate.busy_cores for rate in found], ".2f"),
        ]
        for count, found in runs.items()
    ]
    return _table([of, "rounds", "images/s", "the model alone", "efficiency", "cores busy"], rows)


def _efficiency(efficiencies: dict[int, list[float]]) -> list[str]:
    """A line about eight workers; empty if eight workers were not measured."""
    if 8 not in efficiencies:
        return []
    reached = median(efficiencies[8])
    missed = "" if reached >= TARGET else ", missed"
    return [f"Efficiency at 8 workers: {reached:.1%}; the target is {TARGET:.0%}{missed}.", ""]


def _spread(values: Sequence[float], form: str) -> str:
    middle = format(median(values), form)
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}}\u2013{max(values):{form}})"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

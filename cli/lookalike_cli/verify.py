"""`lookalike verify`: whether the index holds what a source holds, picture by picture."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

import typer
from lookalike_producer.comparison import Finding, SyncStatus, compare
from lookalike_producer.scope import territories
from lookalike_producer.sources import find_images

from lookalike import factories
from lookalike.settings import Settings, read_settings
from lookalike_cli.console import print_json, remark, results, table
from lookalike_cli.options import IndexName, Json, LabelFrom, ModelName, Preprocessing, Sources, Weights, Within
from lookalike_cli.report import name_pictures
from lookalike_cli.stopping import stoppable

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

#: Pictures of each kind that are named; `--json` only counts.
SHOWN = 5


@app.command()
def verify(
    sources: Sources,
    label_from: LabelFrom = "parent",
    within: Within = None,
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    json: Json = False,
) -> None:
    """Compare sources with the index; exit code 0 if every picture is present and none is orphaned, 1 otherwise."""
    settings = read_settings(index=index, model=model, weights=weights, preprocessing=preprocessing)
    counts: Counter[SyncStatus] = Counter()
    examples: dict[SyncStatus, list[Finding]] = {fate: [] for fate in SyncStatus if fate is not SyncStatus.PRESENT}
    with stoppable("Interrupted."), compared(settings, sources, label_from, within or []) as findings:
        for finding in findings:
            counts[finding.fate] += 1
            kept = examples.get(finding.fate)
            if kept is not None and len(kept) < SHOWN:
                kept.append(finding)
    if json:
        print_json(plain(counts))
    else:
        _show(counts, examples)
    if counts.total() != counts[SyncStatus.PRESENT]:
        raise typer.Exit(1)


@contextmanager
def compared(settings: Settings, sources: list[str], label_from: str, within: list[str]) -> Iterator[Iterator[Finding]]:
    """The findings, as they come, of sources held against the configured index."""
    references = find_images(sources, label_from)
    answered_for = territories(sources, within)
    fingerprint = factories.model_spec(settings).fingerprint
    read = factories.storage(settings).read
    with closing(factories.open_index(settings)) as index:
        yield compare(references, answered_for, index=index, read=read, fingerprint=fingerprint)


def plain(counts: Counter[SyncStatus]) -> dict[str, int]:
    return {fate.value: counts[fate] for fate in SyncStatus}


def _show(counts: Counter[SyncStatus], examples: dict[SyncStatus, list[Finding]]) -> None:
    results.print(table("", "pictures", rows=[(fate.value, counts[fate]) for fate in SyncStatus]))
    named = [(fate.value, finding.uri) for fate, findings in examples.items() for finding in findings]
    if named:
        results.print(f"\nThe first {SHOWN} of each:")
        name_pictures(named)
        remark("`lookalike sync` with the same arguments ingests what is missing, stale or of another model.")

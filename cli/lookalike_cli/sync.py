"""`lookalike sync`: makes the index hold what a source holds, ingesting only what differs."""

import time
from contextlib import closing
from typing import Annotated, Any

import typer
from lookalike_producer.comparison import SyncStatus
from lookalike_producer.diff import MENDABLE, Differences
from lookalike_producer.jobs import JobRequest, prepare
from lookalike_producer.sources import STDIN, find_images

from lookalike import factories
from lookalike.embedded import open_stack
from lookalike.embedding import ModelSpec
from lookalike.errors import SourceMissing
from lookalike.settings import Settings, read_settings
from lookalike_cli.console import print_json, remark, results
from lookalike_cli.options import IndexName, Json, LabelFrom, ModelName, Preprocessing, Sources, Weights, Within
from lookalike_cli.report import summary, tell
from lookalike_cli.running import LAST_WORDS, run_shown
from lookalike_cli.stopping import stoppable
from lookalike_cli.verify import compared, plain

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

#: Documents removed in one request.
IDS_PER_REQUEST = 1000


@app.command()
def sync(
    sources: Sources,
    delete: Annotated[bool, typer.Option("--delete", help="Remove orphans from the index as well.")] = False,
    label_from: LabelFrom = "parent",
    within: Within = None,
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    json: Json = False,
) -> None:
    """Ingest what is missing, stale or of another model; with --delete, remove what the sources no longer hold."""
    settings = read_settings(index=index, model=model, weights=weights, preprocessing=preprocessing)
    spec = factories.model_spec(settings)
    find_images(sources, label_from)
    with stoppable(LAST_WORDS), closing(Differences()) as differences:
        prepare(settings, spec, with_artifact=False, on_note=remark)
        with compared(settings, sources, label_from, within or []) as findings:
            differences.collect(findings)
        deleted = _remove(differences, settings, sources) if delete else 0
        _tell_orphans(differences.counts[SyncStatus.ORPHANED], deleted=delete)
        report = plain(differences.counts) | {"deleted": deleted} | _ingest(differences, settings, spec, sources)
    if json:
        print_json(report)


def _check_source(differences: Differences, sources: list[str]) -> None:
    """A folder that was not mounted looks as if everything had been deleted. Raises SourceMissing."""
    counts = differences.counts
    if not counts[SyncStatus.ORPHANED]:
        return
    is_empty = not any(counts[fate] for fate in (SyncStatus.PRESENT, *MENDABLE))
    empty = sources[0] if is_empty else next((source for source in sources if _holds_nothing(source)), None)
    if empty is not None:
        raise SourceMissing(
            f"{empty!r} holds no picture that can be read, so nothing is deleted.",
            "Check that it is mounted; if it is meant to be empty, give a folder above it.",
        )


def _holds_nothing(source: str) -> bool:
    return source != STDIN and next(find_images([source]), None) is None


def _ingest(differences: Differences, settings: Settings, spec: ModelSpec, sources: list[str]) -> dict[str, Any]:
    """Hand what differs to the workers; what became of it."""
    began = time.monotonic()
    if not differences.mendable:
        return {"job": None, "indexed": 0, "unchanged": 0, "rejected": 0}
    order = JobRequest(
        settings,
        spec,
        source="\n".join(sources),
        references=differences.references,
        count=lambda: differences.mendable,
    )
    with open_stack(settings) as stack:
        report = run_shown(order, stack, began=began)
    tell(report)
    return {name: summary(report)[name] for name in ("job", "indexed", "unchanged", "rejected")}


def _remove(differences: Differences, settings: Settings, sources: list[str]) -> int:
    """Remove the orphans, before anything else can change about them; how many they were. Raises SourceMissing."""
    _check_source(differences, sources)
    with closing(factories.open_index(settings)) as index:
        for ids in differences.orphans(IDS_PER_REQUEST):
            index.delete(ids)
        index.refresh()
    return differences.counts[SyncStatus.ORPHANED]


def _tell_orphans(orphans: int, *, deleted: bool) -> None:
    if deleted:
        results.print(f"{orphans:,} orphans removed")
    elif orphans:
        remark(f"{orphans:,} documents are orphaned; --delete removes them.")

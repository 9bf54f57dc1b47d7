"""`lookalike sync`: updates the index to match sources."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated, NoReturn

import typer

import lookalike
from lookalike.errors import BadSetting
from lookalike.exit_codes import ExitCode
from lookalike.plural import counted
from lookalike.settings import Settings
from lookalike.terminal import Output
from lookalike_cli import watching
from lookalike_cli.application import Application
from lookalike_cli.console import for_people, print_json, remark
from lookalike_cli.options import (
    Base,
    Exclude,
    FollowLinks,
    IdColumn,
    IncludeHidden,
    IndexName,
    Json,
    LabelColumn,
    LabelFrom,
    Metadata,
    ModelName,
    Preprocessing,
    Sources,
    Thorough,
    UriColumn,
    Weights,
    Within,
)
from lookalike_cli.report import advise_within, show_report, summary
from lookalike_cli.running import LAST_WORDS, quiet_logs
from lookalike_cli.stopping import stoppable
from lookalike_producer.deletion import Deletion
from lookalike_producer.finding import SyncStatus
from lookalike_producer.metadata_loss import MetadataLoss
from lookalike_producer.sync import SyncReport

app = Application()


@app.command()
def sync(
    sources: Sources,
    delete: Annotated[
        bool, typer.Option("--delete", help="Also remove images from the index that the sources no longer contain.")
    ] = False,
    label_from: LabelFrom = "parent",
    within: Within = None,
    follow_links: FollowLinks = False,
    include_hidden: IncludeHidden = False,
    exclude: Exclude = None,
    uri_column: UriColumn = None,
    label_column: LabelColumn = None,
    id_column: IdColumn = None,
    metadata: Metadata = None,
    base: Base = None,
    thorough: Thorough = False,
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before a large deletion, of images or of their metadata.")
    ] = False,
    accept_devices: Annotated[
        bool,
        typer.Option(
            "--accept-devices",
            help="Also delete what was found on another device, or on a host or in a bucket without any image now.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and change nothing.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until you stop it, and sync whenever a folder changes.")
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(
            min=1,
            metavar="SECONDS",
            help="With --watch: seconds after which everything is compared again. Stores, lists and tables report no "
            "changes.",
            show_default="60; 3600 if all sources are folders",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Ingest missing and changed images; with --delete, also remove images that the sources no longer contain.

    Images are kept in the index if they may still exist: below a folder that
    is empty, cannot be read or is on another device than before, or on a
    host or in a bucket that has none of the images any more.

    Exit with code 1 if every image is rejected.
    """
    if watch and dry_run:
        raise BadSetting("--watch and --dry-run do not go together.", "Leave one of them out.")
    with (
        stoppable("Stopped. The index is as after the last line." if watch else LAST_WORDS, is_endless=watch),
        lookalike.open(index, model=model, weights=weights, preprocessing=preprocessing) as images,
    ):
        quiet_logs(images.settings)
        synced = partial(
            images.sync,
            *sources,
            label_from=label_from,
            within=within or (),
            follow_links=follow_links,
            include_hidden=include_hidden,
            exclude=exclude or (),
            uri_column=uri_column,
            label_column=label_column,
            id_column=id_column,
            metadata=metadata,
            base=base,
            thorough=thorough,
            accept_devices=accept_devices,
        )
        if watch:
            _watch(images.settings, sources, synced, yes=yes, delete=delete, every_s=every, json=json)
        report = synced(delete=delete, yes=yes or _ask, dry_run=dry_run)
    _show_whole(report, images.settings, for_people(json=json), delete=delete, dry_run=dry_run)
    if delete:
        advise_within(sources, within)
    if json:
        print_json(_plain(report))
    if report.is_all_rejected and not dry_run:
        raise typer.Exit(ExitCode.FAILURE)


def _watch(
    settings: Settings,
    sources: list[str],
    synced: Callable[..., SyncReport],
    *,
    yes: bool,
    delete: bool,
    every_s: float | None,
    json: bool,
) -> NoReturn:
    """Sync again and again, without a bar, until the user stops it."""
    once, as_json = partial(synced, progress=False), _plain if json else None
    watching.watch(settings, sources, once, yes=yes, delete=delete, every_s=every_s, as_json=as_json)


def _show_whole(report: SyncReport, settings: Settings, output: Output, *, delete: bool, dry_run: bool) -> None:
    _show_kept(report.deletion)
    if dry_run:
        _show_plan(report, output)
    else:
        _show(report, settings, output, delete=delete)


def _ask(loss: Deletion | MetadataLoss) -> bool:
    """Only a person at a terminal can answer."""
    return sys.stdin.isatty() and typer.confirm(loss.question, err=True)


def _show_kept(deletion: Deletion | None) -> None:
    """Say which orphans stay, and what to do if they were deleted."""
    for doubt, count in deletion.doubts.items() if deletion else ():
        advice = "repeat with --accept-devices" if doubt.is_acceptable else "remove the folder"
        remark(f"{counted(count, 'image is', 'images are')} kept: {doubt.folder} {doubt.why}.")
        remark(f"If the images were deleted, {advice}.")


def _show_plan(report: SyncReport, output: Output) -> None:
    output.say(f"Would ingest {counted(report.to_ingest, 'image')}: {_counts(report)}.")
    if report.metadata_loss is not None:
        output.say(f"Would remove metadata from {report.metadata_loss}.")
    if report.deletion is None:
        return
    output.say(f"Would delete {report.deletion} from the index.")
    for uri in report.deletion.examples:
        output.say(f"  {uri}")
    if (more := report.deletion.count - len(report.deletion.examples)) > 0:
        output.say(f"  ... and {more:,} more")


def _show(report: SyncReport, settings: Settings, output: Output, *, delete: bool) -> None:
    orphans = report.counts[SyncStatus.ORPHANED] - report.deleted
    if delete:
        output.say(f"Deleted {counted(report.deleted, 'orphan')}.")
    elif orphans:
        remark(f"{counted(orphans, 'image is', 'images are')} orphaned; use --delete to delete them.")
    if report.metadata_loss is not None:
        remark(f"Removed metadata from {report.metadata_loss}.")
    if report.job is not None:
        show_report(report.job, settings, output)
        if report.not_tried:
            remark(f"{report.not_tried:,} more rejected (unchanged): not tried again.")
    else:
        output.say(f"{_counts(report, report.deleted)}; nothing to ingest.")


def _counts(report: SyncReport, deleted: int = 0) -> str:
    """How many images there are of each status. Orphans that are deleted do not count any more."""
    counts = dict(report.counts) | {SyncStatus.ORPHANED: report.counts[SyncStatus.ORPHANED] - deleted}
    named = [f"{count:,} {_word(status)}" for status, count in counts.items() if count]
    return ", ".join(named) or "no images"


def _word(status: SyncStatus) -> str:
    return "rejected (unchanged)" if status is SyncStatus.REJECTED else status.value.replace("_", " ")


def _plain(report: SyncReport) -> dict[str, object]:
    numbers = ("job", "indexed", "unchanged", "rejected", "annotated")
    job = summary(report.job) if report.job else dict.fromkeys(numbers, 0) | {"job": None}
    counts: dict[str, object] = {status.value: count for status, count in report.counts.items()}
    # `rejected` is what the job rejected; these were not tried again.
    counts["rejected_unchanged"] = report.not_tried
    planned = report.deletion or Deletion(0)
    counts["metadata_removed"] = report.metadata_loss.count if report.metadata_loss else 0
    kept = {"deleted": report.deleted, "to_ingest": report.to_ingest, "to_delete": planned.count, "kept": planned.kept}
    return counts | kept | {name: job[name] for name in numbers}

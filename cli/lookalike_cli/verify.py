"""`lookalike verify`: compares sources with the index, image by image."""

import typer

import lookalike
from lookalike.exit_codes import ExitCode
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, remark, results, table
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
from lookalike_cli.report import print_images
from lookalike_cli.stopping import stoppable
from lookalike_producer.finding import SyncStatus
from lookalike_producer.sync import EXAMPLES, Verification

#: What to do about images with one of these statuses.
ADVICE = (
    (
        (SyncStatus.MISSING, SyncStatus.STALE, SyncStatus.WRONG_MODEL, SyncStatus.UNREADABLE),
        "`lookalike sync` with the same arguments ingests them, or rejects them with the reason.",
    ),
    ((SyncStatus.ORPHANED,), "`lookalike sync --delete` with the same arguments deletes what is orphaned."),
    ((SyncStatus.REJECTED,), "`lookalike failed list` says why images are rejected; `failed retry` tries them again."),
)

app = Application()


@app.command()
def verify(
    sources: Sources,
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
    json: Json = False,
) -> None:
    """Compare sources with the index; exit with code 3 if they differ.

    Sources and index agree if each image is in the index or rejected for a reason that stands.
    """
    with (
        stoppable("Interrupted."),
        lookalike.open(index, model=model, weights=weights, preprocessing=preprocessing) as images,
    ):
        found = images.verify(
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
        )
    if json:
        print_json({status.value: count for status, count in found.counts.items()})
    else:
        _show(found)
    if not found.is_in_sync:
        raise typer.Exit(ExitCode.DIFFERENT)


def _show(found: Verification) -> None:
    results.print(table("", "images", rows=[(status.value, count) for status, count in found.counts.items()]))
    named = [(status.value, finding.uri) for status, findings in found.examples.items() for finding in findings]
    if named:
        results.say()
        results.say(f"The first {EXAMPLES} of each:")
        print_images(named)
    for statuses, advice in ADVICE:
        if any(found.counts[status] for status in statuses):
            remark(advice)

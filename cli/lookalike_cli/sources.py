"""`lookalike sources`: says what an ingest would read."""

from typing import Annotated, Any

import typer

from lookalike.image_index import arguments
from lookalike.plural import counted
from lookalike.records import ImageRef
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, remark, results, table
from lookalike_cli.options import (
    Base,
    Exclude,
    FollowLinks,
    IdColumn,
    IncludeHidden,
    Json,
    LabelColumn,
    LabelFrom,
    Metadata,
    Sources,
    UriColumn,
)
from lookalike_cli.report import print_images
from lookalike_cli.stopping import stoppable
from lookalike_producer.check_sources import SECONDS, Check, CheckedTable, check_sources

app = Application(help="See what sources hold.")

#: Suffixes that are shown.
SHOWN = 10


@app.callback()
def group() -> None:
    """See what sources hold."""
    # A group that has one command is a group as well.


@app.command()
def check(
    sources: Sources,
    label_from: LabelFrom = "parent",
    follow_links: FollowLinks = False,
    include_hidden: IncludeHidden = False,
    exclude: Exclude = None,
    uri_column: UriColumn = None,
    label_column: LabelColumn = None,
    id_column: IdColumn = None,
    metadata: Metadata = None,
    base: Base = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="Stop counting after so long.")] = SECONDS,
    json: Json = False,
) -> None:
    """Say what an ingest of sources would read: counts, columns with types, examples, and what is wrong.

    Nothing is ingested, and no image is read. Exit with code 1 if there is no image.
    """
    options = arguments.walk_options(follow_links, include_hidden, exclude or ())
    columns = arguments.table_options(uri_column, label_column, id_column, metadata, base)
    with stoppable("Interrupted."):
        found = check_sources(arguments.sources(sources), label_from, options, columns, seconds)
    if json:
        print_json(_plain(found))
    else:
        _show(found)
    if not found.images:
        raise typer.Exit(1)


def _show(found: Check) -> None:
    at_least = "" if found.is_complete else "At least "
    results.say(f"{at_least}{counted(found.images, 'image')}: {_counts(found.places)}.")
    if found.suffixes:
        results.say(f"Suffixes: {_counts(dict(found.suffixes.most_common(SHOWN)), nameless='none')}.")
    if found.labels:
        results.say(f"{counted(len(found.labels), 'label')} on {counted(found.labels.total(), 'image')}.")
    for one in found.tables:
        _show_table(one)
    if found.examples:
        results.say()
        results.say("The first ones:")
        print_images([(ref.label or "", ref.uri, _metadata(ref)) for ref in found.examples])
    _show_problems(found)


def _show_table(one: CheckedTable) -> None:
    results.say()
    results.say(f"{one.name} ({one.description}):")
    rows = [(one.plan.uri, "uri", "")]
    rows += [(one.plan.label, "label", "")] if one.plan.label else []
    rows += [(column, f"metadata {name}", str(type)) for column, (name, type) in one.plan.fields.items()]
    rows += [(column, "not taken", "") for column in one.plan.left_out]
    results.print(table("column", "use", "type", rows=rows))


def _show_problems(found: Check) -> None:
    for note in found.notes:
        remark(note)
    if found.repeated:
        remark(f"{counted(found.repeated, 'row repeats', 'rows repeat')} the image of an earlier row.")
    if found.missing:
        remark(f"{found.missing:,} of {counted(found.looked_for, 'file')} that were looked for are missing, such as:")
        for uri in found.missing_examples:
            remark(f"  {uri}")
    for reason, count in found.rejected.items():
        remark(f"{count:,} would be rejected as {reason}, such as:")
        for ref in found.rejected_examples:
            if ref.reason is reason:
                remark(f"  {ref.uri}  {ref.detail}")


def _counts(counts: Any, nameless: str = "") -> str:
    return ", ".join(f"{count:,} {name or nameless}" for name, count in counts.items()) or "no files"


def _metadata(ref: ImageRef) -> str:
    return " ".join(f"{name}={value}" for name, value in ref.metadata.items())


def _plain(found: Check) -> dict[str, Any]:
    return {
        "images": found.images,
        "is_complete": found.is_complete,
        "places": dict(found.places),
        "suffixes": dict(found.suffixes.most_common(100)),
        "labels": len(found.labels),
        "labelled": found.labels.total(),
        "tables": [_plain_table(one) for one in found.tables],
        "examples": [{"uri": ref.uri, "label": ref.label, "metadata": dict(ref.metadata)} for ref in found.examples],
        "repeated": found.repeated,
        "looked_for": found.looked_for,
        "missing": found.missing,
        "missing_examples": found.missing_examples,
        "rejected": dict(found.rejected),
        "rejected_examples": [
            {"uri": ref.uri, "reason": ref.reason, "detail": ref.detail} for ref in found.rejected_examples
        ],
        "notes": list(found.notes),
    }


def _plain_table(one: CheckedTable) -> dict[str, Any]:
    plan = one.plan
    return {
        "name": one.name,
        "format": one.description,
        "uri_column": plan.uri,
        "label_column": plan.label,
        "id_column": plan.id,
        "metadata": {name: {"column": column, "type": str(type)} for column, (name, type) in plan.fields.items()},
        "left_out": list(plan.left_out),
    }

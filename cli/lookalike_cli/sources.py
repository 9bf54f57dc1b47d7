"""`lookalike sources`: says what an ingest would read."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lookalike.exit_codes import ExitCode
from lookalike.factories import with_roots
from lookalike.image_index import arguments
from lookalike.plural import counted
from lookalike.records import ImageRef
from lookalike.roots import Roots, named_prefixes
from lookalike.settings import Settings, read_settings
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
from lookalike_cli.report import advise_roots, print_images
from lookalike_cli.stopping import stoppable
from lookalike_producer.check_sources import SECONDS, Check, CheckedTable, check_sources
from lookalike_producer.tables.options import TableOptions

app = Application(help="See what sources contain.")

#: Suffixes that are shown.
SHOWN = 10
#: Places that people call by another name than the JSON does.
_PLACES = {"file": "local"}


@app.callback()
def group() -> None:
    """See what sources contain."""
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
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, metavar="SECONDS", help="Stop counting after this time.")
    ] = SECONDS,
    json: Json = False,
) -> None:
    """Say what an ingest of sources would read: counts, columns with types, examples, and what is wrong.

    Nothing is ingested, and no image is read. Exit with code 3 if there is no image.
    """
    options = arguments.walk_options(follow_links, include_hidden, exclude or ())
    columns = arguments.table_options(uri_column, label_column, id_column, metadata, base)
    settings, names = read_settings(), arguments.sources(sources)
    with stoppable("Interrupted."):
        found = check_sources(names, label_from, options, columns, seconds, _roots(settings, names, columns))
    if json:
        print_json(_plain(found))
    else:
        _show(found)
        advise_roots((ref.detail for ref in found.rejected_examples), settings)
    if not found.images:
        raise typer.Exit(ExitCode.DIFFERENT)


def _roots(settings: Settings, sources: Sequence[str], columns: TableOptions) -> Roots | None:
    """What the workers of an ingest here may read; those of another broker have settings of their own."""
    if settings.broker_url is not None:
        return None
    return Roots.parse(with_roots(settings, named=named_prefixes([*sources, f"{columns.base}/"])).roots)


def _show(found: Check) -> None:
    at_least = "" if found.is_complete else "At least "
    places = {_PLACES.get(name, name): count for name, count in found.places.items()}
    results.say(f"{at_least}{counted(found.images, 'image')}: {_counts(places)}.")
    if found.suffixes:
        results.say(f"Suffixes: {_counts(dict(found.suffixes.most_common(SHOWN)), nameless='none')}.")
    if found.labels:
        results.say(f"{counted(len(found.labels), 'label')} on {counted(found.labels.total(), 'image')}.")
    elif found.images:
        results.say("No image has a label.")
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
    if found.stray_table:
        remark(f"{found.stray_table} is a table, and would be rejected as an image.")
        remark("Give it as a source in place of its folder, to ingest the images that its rows name.")
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
    return " ".join(f"{name}={_value(value)}" for name, value in ref.metadata.items())


def _value(value: Any) -> str:
    """As a filter takes it."""
    if isinstance(value, list):
        return ",".join(map(_value, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


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

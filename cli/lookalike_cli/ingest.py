"""`lookalike ingest`: indexes the images of sources and reports the rejected ones."""

from typing import Annotated

import typer

import lookalike
from lookalike.exit_codes import ExitCode
from lookalike.plural import counted
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
    TextModel,
    Tokenizer,
    UriColumn,
    Weights,
)
from lookalike_cli.report import show_report, summary
from lookalike_cli.running import LAST_WORDS, quiet_logs
from lookalike_cli.stopping import stoppable
from lookalike_producer.sources import why_none
from lookalike_producer.walk.options import WalkOptions

app = Application()


@app.command()
def ingest(
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
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    text_model: TextModel = None,
    tokenizer: Tokenizer = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return without waiting for the workers.")] = False,
    json: Json = False,
) -> None:
    """Index the images of folders, stores, web addresses, tables and archives; unchanged images are skipped.

    Exit with code 1 if every image was rejected.
    """
    with (
        stoppable(LAST_WORDS),
        lookalike.open(
            index,
            model=model,
            weights=weights,
            preprocessing=preprocessing,
            text_model=text_model,
            tokenizer=tokenizer,
        ) as images,
    ):
        quiet_logs(images.settings)
        report = images.ingest(
            *sources,
            label_from=label_from,
            follow_links=follow_links,
            include_hidden=include_hidden,
            exclude=exclude or (),
            uri_column=uri_column,
            label_column=label_column,
            id_column=id_column,
            metadata=metadata,
            base=base,
            detach=detach,
        )
    if detach:
        remark(f"Job {report.job} has {counted(report.found, 'image')}; see `lookalike status {report.job}`.")
    else:
        show_report(report, images.settings, for_people(json=json))
    if not report.found and not detach:
        remark(why_none(sources, WalkOptions(follow_links, include_hidden, tuple(exclude or ()))))
    if json:
        print_json(summary(report))
    if report.is_all_rejected and not detach:
        raise typer.Exit(ExitCode.FAILURE)

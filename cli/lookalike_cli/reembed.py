"""`lookalike reembed`: embeds the images of an index with another model, into a new version of the index."""

import time
from contextlib import closing
from functools import partial
from typing import Annotated

import typer

from lookalike import factories
from lookalike.embedded import open_stack
from lookalike.exit_codes import ExitCode
from lookalike.plural import counted
from lookalike.records import ModelIdentity
from lookalike.settings import Settings, read_settings
from lookalike_cli.application import Application
from lookalike_cli.console import for_people, print_json, remark
from lookalike_cli.options import IndexName, Json, Preprocessing, TextModel, Tokenizer, Weights
from lookalike_cli.report import no_job, show_report, summary
from lookalike_cli.running import LAST_WORDS, run_shown
from lookalike_cli.stopping import stoppable
from lookalike_producer.job_request import check_detachable
from lookalike_producer.reembed import check_not_empty, open_source
from lookalike_producer.reembed import reembed as run_reembed
from lookalike_producer.report import Report

app = Application()

NewModel = Annotated[
    str, typer.Option("--model", help="The new model: its name, or a .keras, .onnx or OpenVINO .xml file.")
]


@app.command()
def reembed(
    model: NewModel,
    index: IndexName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    text_model: TextModel = None,
    tokenizer: Tokenizer = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return without waiting for the workers.")] = False,
    json: Json = False,
) -> None:
    """Embed an index again with another model, into a new version; `index promote` then switches to it."""
    began = time.monotonic()
    settings = read_settings(
        index=index,
        model=model,
        weights=weights,
        preprocessing=preprocessing,
        text_model=text_model,
        tokenizer=tokenizer,
    )
    spec = factories.model_spec(settings)
    with closing(open_source(settings)) as source:
        current = source.model()
        if current.fingerprint == spec.fingerprint:
            _show_nothing_to_do(settings, current, source.name, json=json)
            return
        check_not_empty(source, settings.index, spec)
        with stoppable(LAST_WORDS), open_stack(settings) as stack:
            if detach:
                check_detachable(stack)
            run = partial(run_shown, stack=stack, began=began, detach=detach)
            report = run_reembed(settings, spec, source, stack, run=run, waits=not detach, on_note=remark)
    _show_done(report, settings, detach=detach, json=json)
    if json:
        print_json(summary(report) | {"alias": settings.index, "source": source.name})
    if report.is_all_rejected and not detach:
        raise typer.Exit(ExitCode.FAILURE)


def _show_done(report: Report, settings: Settings, *, detach: bool, json: bool) -> None:
    if detach:
        remark(f"Job {report.job} has {counted(report.found, 'image')}; see `lookalike status {report.job}`.")
    else:
        show_report(report, settings, for_people(json=json))
    remark(
        f"Run `lookalike index promote {report.index}`{' when it is done' if detach else ''} to switch searches to it."
    )


def _show_nothing_to_do(settings: Settings, current: ModelIdentity, version: str, *, json: bool) -> None:
    remark(f"Nothing to do: index {settings.index} already uses {current}.")
    if json:
        print_json(no_job(settings.index, current.name) | {"alias": settings.index, "source": version})

"""`lookalike reembed`: the images of an index, embedded by another model into a new version, while searches go on."""

import time
from contextlib import closing
from functools import partial
from typing import Annotated

import typer
from lookalike_producer.jobs import check_detachable
from lookalike_producer.reembed import check_not_empty, open_source
from lookalike_producer.reembed import reembed as run_reembed
from lookalike_producer.report import Report

from lookalike import factories
from lookalike.embedded import open_stack
from lookalike.records import ModelIdentity
from lookalike.settings import Settings, read_settings
from lookalike_cli.console import print_json, remark
from lookalike_cli.options import IndexName, Json, Preprocessing, Weights
from lookalike_cli.report import summary, tell
from lookalike_cli.running import LAST_WORDS, run_shown
from lookalike_cli.stopping import stoppable

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

NewModel = Annotated[str, typer.Option("--model", help="The new model: a name, or a .keras file.")]


@app.command()
def reembed(
    model: NewModel,
    index: IndexName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for the workers.")] = False,
    json: Json = False,
) -> None:
    """Embed an index's images with another model, into a new version that `index promote` puts in its place."""
    began = time.monotonic()
    settings = read_settings(index=index, model=model, weights=weights, preprocessing=preprocessing)
    spec = factories.model_spec(settings)
    with closing(open_source(settings)) as source:
        current = source.model()
        if current.fingerprint == spec.fingerprint:
            _tell_nothing_to_do(settings, current, json=json)
            return
        check_not_empty(source, settings.index, spec)
        with stoppable(LAST_WORDS), open_stack(settings) as stack:
            if detach:
                check_detachable(stack)
            run = partial(run_shown, stack=stack, began=began, detach=detach)
            report = run_reembed(settings, spec, source, stack, run=run, waits=not detach, on_note=remark)
    _tell_done(report, detach=detach)
    if json:
        print_json(summary(report) | {"alias": settings.index, "source": source.name})


def _tell_done(report: Report, *, detach: bool) -> None:
    if detach:
        remark(f"Job {report.job} has {report.found:,} images; see `lookalike status {report.job}`.")
    else:
        tell(report)
    remark(f"`lookalike index promote {report.index}` lets searches see it{' once it is done' if detach else ''}.")


def _tell_nothing_to_do(settings: Settings, current: ModelIdentity, *, json: bool) -> None:
    remark(f"Nothing to do: index {settings.index} holds vectors of {current} already.")
    if json:
        nothing = dict.fromkeys(("found", "indexed", "unchanged", "rejected"), 0)
        print_json({"job": None, "index": settings.index, "model": current.name} | nothing)

"""`lookalike reembed`: the pictures of an index, embedded by another model into a new version, while searches go on."""

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Annotated, Any

import typer
from lookalike_producer.jobs import JobRequest, prepare_model
from lookalike_producer.report import Report
from lookalike_producer.stored import stored_images, strays

from lookalike import factories
from lookalike.embedded import Stack, open_stack
from lookalike.embedding import ModelSpec
from lookalike.errors import BadSetting, SourceMissing
from lookalike.index import Index
from lookalike.index.checks import check_name
from lookalike.index.versions import version_for
from lookalike.ledger import Ledger
from lookalike.records import ModelIdentity
from lookalike.settings import Settings, read_settings
from lookalike_cli.console import print_json, remark
from lookalike_cli.options import IndexName, Json, Preprocessing, Weights
from lookalike_cli.report import summary, tell
from lookalike_cli.running import LAST_WORDS, run_shown
from lookalike_cli.stopping import stoppable

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

#: Documents removed in one request.
IDS_PER_REQUEST = 1000

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
    """Embed an index's pictures with another model, into a new version that `index promote` puts in its place."""
    settings = read_settings(index=index, model=model, weights=weights, preprocessing=preprocessing)
    spec = factories.model_spec(settings)
    with closing(_source(settings)) as source:
        held = source.model()
        if held.fingerprint == spec.fingerprint:
            _tell_nothing_to_do(settings, held, json=json)
            return
        _check_filled(source, settings.index, spec)
        with stoppable(LAST_WORDS), open_stack(settings) as stack:
            if detach and stack.is_owner:
                advice = "Start `lookalike up` first, or set LOOKALIKE_BROKER_URL."
                raise BadSetting("--detach needs a broker that goes on running.", advice)
            report = _run(settings, spec, source, stack, detach=detach)
    if json:
        print_json(report)


def _source(settings: Settings) -> Index:
    """The version that readers see now: it stays the source should the name move. Raises IndexMissing, BadSetting."""
    check_name(settings.index)
    with closing(factories.open_index(settings)) as named:
        return factories.open_index(settings, named.version())


def _check_filled(source: Index, name: str, spec: ModelSpec) -> None:
    source.refresh()
    if not source.count():
        raise SourceMissing(
            f"Index {name} is empty: there is no picture to embed again.",
            f"`lookalike index delete {name}` makes room for an index of {spec.name}.",
        )


def _run(settings: Settings, spec: ModelSpec, source: Index, stack: Stack, *, detach: bool) -> dict[str, Any]:
    began = time.monotonic()
    target = settings.model_copy(update={"index": _target(settings, spec, stack)})
    order = JobRequest(
        target,
        spec,
        source=f"index {settings.index} ({source.name})",
        references=lambda: stored_images(source),
        count=source.count,
    )
    supersede(Ledger(stack.broker_url), target)
    report = run_shown(order, stack, began=began, detach=detach)
    if not detach:
        _remove_strays(target, source)
    _tell_done(report, detach=detach)
    return summary(report) | {"alias": settings.index, "source": source.name}


def _target(settings: Settings, spec: ModelSpec, stack: Stack) -> str:
    """The version to fill: the one that an earlier run began, or a new one."""
    identity = prepare_model(settings, spec, with_artifact=stack.is_embedded, on_note=remark)
    with closing(factories.open_versions(settings)) as versions:
        physical = version_for(versions, identity)
    remark(f"Embedding the pictures of {settings.index} with {identity} into {physical}; searches go on as before.")
    return physical


def supersede(ledger: Ledger, target: Settings) -> None:
    """End what is left of earlier runs: this one does all of it, and `index promote` waits for no dead job."""
    for job in ledger.active_jobs():
        if (job.index, job.index_address) == (target.index, target.index_address):
            ledger.fail(job.id, f"A later `lookalike reembed` into {target.index} took its place.")


def _remove_strays(target: Settings, source: Index) -> None:
    """What was deleted from the index since an earlier run embedded it."""
    with closing(factories.open_index(target)) as version:
        for ids in _batches(strays(version, source)):
            version.delete(ids)
        version.refresh()


def _batches(ids: Iterator[str]) -> Iterator[list[str]]:
    while some := list(islice(ids, IDS_PER_REQUEST)):
        yield some


def _tell_done(report: Report, *, detach: bool) -> None:
    if detach:
        remark(f"Job {report.job} has {report.found:,} images; see `lookalike status {report.job}`.")
    else:
        tell(report)
    remark(f"`lookalike index promote {report.index}` lets searches see it{' once it is done' if detach else ''}.")


def _tell_nothing_to_do(settings: Settings, held: ModelIdentity, *, json: bool) -> None:
    remark(f"Nothing to do: index {settings.index} holds vectors of {held} already.")
    if json:
        nothing = dict.fromkeys(("found", "indexed", "unchanged", "rejected"), 0)
        print_json({"job": None, "index": settings.index, "model": held.name} | nothing)

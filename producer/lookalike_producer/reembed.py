"""Embeds the images of an index with another model, into a new version, while searches go on."""

from collections.abc import Callable
from contextlib import closing

from lookalike import factories
from lookalike.batches import batched
from lookalike.embedded import Stack
from lookalike.embedding import ModelSpec
from lookalike.errors import SourceMissing
from lookalike.index import Index
from lookalike.index.checks import check_name
from lookalike.index.versions import version_for
from lookalike.ledger import Ledger
from lookalike.roots import MOST_NAMED
from lookalike.settings import Settings
from lookalike_producer.job_request import JobRequest
from lookalike_producer.preparation import prepare_model
from lookalike_producer.report import Report
from lookalike_producer.stored import stored_images, strays

#: Documents deleted in one request.
IDS_PER_REQUEST = 1000
#: The latest jobs whose addresses are remembered.
JOBS = 1000


def open_source(settings: Settings) -> Index:
    """The version that searches see now: it stays the source if the name moves. Raises IndexMissing, BadSetting."""
    check_name(settings.index)
    with closing(factories.open_index(settings)) as named:
        return factories.open_index(settings, named.version())


def check_not_empty(source: Index, name: str, spec: ModelSpec) -> None:
    """Raises SourceMissing for an index without images."""
    source.refresh()
    if not source.count():
        raise SourceMissing(
            f"Index {name} is empty: there is no image to embed again.",
            f"`lookalike index delete {name}` makes room for an index of {spec.name}.",
        )


def reembed(
    settings: Settings,
    spec: ModelSpec,
    source: Index,
    stack: Stack,
    *,
    run: Callable[[JobRequest], Report],
    waits: bool,
    on_note: Callable[[str], None],
) -> Report:
    """Fill the version of `spec` with the images of `source`; an earlier run that was stopped is continued.

    `run` runs the job, and `waits` tells whether to its end: then what was deleted from the source meanwhile is
    deleted from the new version. Raises what `run` raises.
    """
    target = settings.model_copy(update={"index": _target(settings, spec, stack, on_note)})
    with closing(Ledger(stack.broker_url)) as ledger:
        supersede(ledger, target)
        named = _named(ledger, settings)
    request = JobRequest(
        target,
        spec,
        source=f"index {settings.index} ({source.name})",
        references=lambda: stored_images(source),
        count=source.count,
        named=named,
        # Also those that were declared since an earlier run made the version.
        fields=source.fields(),
    )
    report = run(request)
    if waits:
        _delete_strays(target, source)
    return report


def _named(ledger: Ledger, settings: Settings) -> tuple[str, ...]:
    """The web addresses that the commands named by which the images came, as far as their jobs are remembered."""
    jobs = [
        job for job in ledger.jobs(JOBS) if (job.index, job.index_address) == (settings.index, settings.index_address)
    ]
    return tuple(dict.fromkeys(prefix for job in jobs for prefix in job.named))[:MOST_NAMED]


def supersede(ledger: Ledger, target: Settings) -> None:
    """End the jobs of earlier runs: this one does all of their work, and `index promote` waits for no dead job."""
    for job in ledger.active_jobs():
        if (job.index, job.index_address) == (target.index, target.index_address):
            ledger.fail(job.id, f"A later `lookalike reembed` into {target.index} replaced it.")


def _target(settings: Settings, spec: ModelSpec, stack: Stack, on_note: Callable[[str], None]) -> str:
    """The version to fill: the one of an earlier run, or a new one."""
    identity = prepare_model(settings, spec, with_artifact=stack.is_embedded, on_note=on_note)
    with closing(factories.open_versions(settings)) as versions:
        version = version_for(versions, identity)
    on_note(f"Embedding the images of {settings.index} with {identity} into {version}; searches go on as before.")
    return version


def _delete_strays(target: Settings, source: Index) -> None:
    """Delete what was deleted from the source since an earlier run embedded it."""
    with closing(factories.open_index(target)) as version:
        for ids in batched(strays(version, source), IDS_PER_REQUEST):
            version.delete(ids)
        version.refresh()

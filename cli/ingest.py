"""`lookalike ingest`: everything a source holds ends in the index or on the list of rejected images."""

import time
from collections import Counter
from typing import Annotated

import typer

from cli.console import print_json, remark, remarks, results, table
from cli.options import IndexName, Json, ModelName, Preprocessing, Weights
from cli.progress import Progress, progress
from cli.stack import Stack, open_stack
from cli.stopping import stoppable
from lookalike import configured, embedding
from lookalike.embedding import ModelSpec
from lookalike.embedding.cache import find
from lookalike.errors import BadSetting, BrokerUnavailable, JobEnded, JobFailed
from lookalike.ledger import Job, JobState, Ledger
from lookalike.queue import make_app, send_chunk, send_finish
from lookalike.records import ModelIdentity
from lookalike.settings import Settings, read_settings
from producer.enqueue import enqueue
from producer.sources import find_images

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

#: How often a waiting ingest looks at the ledger.
POLL_S = 0.1
#: How long the broker may be away before a waiting ingest gives up; the job itself goes on when it is back.
BROKER_PATIENCE_S = 60.0
LAST_WORDS = "Interrupted. What was indexed stays; run the same command again to continue."


@app.command()
def ingest(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE", help="Folder, glob, .txt list, image or -.")],
    label_from: Annotated[str, typer.Option(help="Where an image's label comes from: parent or none.")] = "parent",
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for the workers.")] = False,
    json: Json = False,
) -> None:
    """Index the images of folders, globs and lists; what is there already and unchanged costs a look-up."""
    began = time.monotonic()
    settings = read_settings(index=index, model=model, weights=weights, preprocessing=preprocessing)
    spec = configured.model_spec(settings)
    find_images(sources, label_from)
    with stoppable(LAST_WORDS), open_stack(settings) as stack:
        if detach and stack.is_owner:
            advice = "Start `lookalike up` first, or set LOOKALIKE_BROKER_URL."
            raise BadSetting("--detach needs a broker that goes on running.", advice)
        ledger = Ledger(stack.broker_url)
        ledger.ping()
        identity = _prepare(settings, spec, with_artifact=stack.is_embedded)
        job_id = ledger.open_job(
            source="\n".join(sources),
            index=settings.index,
            index_address=settings.index_address,
            model=identity,
            spec=spec.to_json(),
        )
        job = _run(settings, sources, label_from, job_id, stack=stack, ledger=ledger, detach=detach)
        _report(job, identity, ledger, seconds=time.monotonic() - began, json=json, detached=detach)


def _prepare(settings: Settings, spec: ModelSpec, *, with_artifact: bool) -> ModelIdentity:
    """Model and index, before a single message is sent. Raises ModelMismatch and what model and index raise.

    The artifact is what our own workers need; they would otherwise all build it at once.
    """
    if with_artifact and find(spec, settings.home) is None:
        remark(f"Preparing the model {spec.name} (once) ...")
        embedding.build_artifact(spec, settings.home)
    identity = embedding.identify(spec, settings.home)
    index = configured.open_index(settings)
    try:
        index.ensure(identity)
    finally:
        index.close()
    return identity


def _run(
    settings: Settings,
    sources: list[str],
    label_from: str,
    job_id: str,
    *,
    stack: Stack,
    ledger: Ledger,
    detach: bool,
) -> Job:
    """Send everything and, unless detached, wait for the end of the job. Raises JobFailed."""
    celery = make_app(stack.broker_url)
    with progress(lambda: find_images(sources, label_from)) as shown:

        def look() -> None:
            stack.check()
            shown.show(ledger.job(job_id))

        try:
            done = enqueue(
                find_images(sources, label_from),
                job_id,
                ledger=ledger,
                send=lambda chunk_id: send_chunk(celery, chunk_id),
                chunk_size=settings.chunk_size,
                limit=settings.queue_limit,
                waiting=look,
            )
            if done:
                send_finish(celery, job_id)
            job = ledger.job(job_id) if detach else _await(ledger, job_id, stack, shown)
        except JobEnded:
            job = ledger.job(job_id)
        except KeyboardInterrupt:
            ledger.interrupt(job_id)
            raise
    if job.state is JobState.FAILED:
        raise JobFailed(job.error)
    return job


def _await(ledger: Ledger, job_id: str, stack: Stack, shown: Progress) -> Job:
    seen = time.monotonic()
    while True:
        stack.check()
        try:
            job = ledger.job(job_id)
            seen = time.monotonic()
        except BrokerUnavailable:
            if time.monotonic() - seen > BROKER_PATIENCE_S:
                raise
        else:
            shown.show(job)
            if job.has_ended:
                return job
        time.sleep(POLL_S)


def _report(job: Job, identity: ModelIdentity, ledger: Ledger, *, seconds: float, json: bool, detached: bool) -> None:
    summary = {
        "job": job.id,
        "index": job.index,
        "model": identity.name,
        "found": job.found,
        "indexed": job.indexed,
        "unchanged": job.unchanged,
        "rejected": job.rejected,
        "seconds": round(seconds, 3),
        "images_per_second": round(job.done / seconds, 1),
    }
    if detached:
        remark(f"Job {job.id} has {job.found:,} images; see `lookalike status {job.id}`.")
    else:
        _tell(job, ledger, seconds)
    if json:
        print_json(summary)


def _tell(job: Job, ledger: Ledger, seconds: float) -> None:
    results.print(
        f"{job.found:,} found = {job.indexed:,} indexed + {job.unchanged:,} unchanged + {job.rejected:,} rejected"
        f"  in {seconds:.1f} s ({job.done / seconds:,.0f} images/s), index {job.index}, job {job.id}"
    )
    if job.rejected:
        reasons = Counter(rejected.reason.value for rejected in ledger.rejected(job.id))
        remarks.print(table("rejected for", "images", rows=reasons.most_common()))
        remark(f"`lookalike status {job.id}` lists them.")

"""Runs a job: opens it, sends references to the workers, and waits for its end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial

from celery import Celery

from lookalike import factories, preflight
from lookalike.embedded import Stack
from lookalike.errors import (
    BrokerUnavailable,
    DiskFull,
    EmbeddedBrokerUnavailable,
    JobCancelled,
    JobEnded,
    JobFailed,
    JobUnknown,
    LookalikeError,
    PermanentError,
    ResourceExhausted,
    SourceMissing,
    SourceUnavailable,
)
from lookalike.ledger import Job, JobState, Ledger, place_of
from lookalike.queue import make_app, send_chunks, send_finish
from lookalike.retry import retry_while
from lookalike.settings import Settings
from lookalike_producer.callbacks import ignore
from lookalike_producer.enqueue import Arrange, enqueue
from lookalike_producer.job_request import JobRequest
from lookalike_producer.job_watch import JobWatch
from lookalike_producer.preparation import Prepared, prepare
from lookalike_producer.stall import explained, note_missing_workers
from lookalike_producer.unchanged import arranging

#: Well within the ledger's PRODUCER_LEASE_S, so that only a dead producer counts as dead.
HEARTBEAT_EVERY_S = 5.0
#: The private Redis is restarted in less than a second, with a long file in some.
EMBEDDED_RETRY_S = 10.0
AGAIN = "Run the same command again: it continues, and images that are in the index are only looked up."
#: What ends a walk through sources.
SOURCE_ERRORS = (DiskFull, ResourceExhausted, SourceMissing, SourceUnavailable)


def run_job(
    request: JobRequest,
    stack: Stack,
    *,
    detach: bool = False,
    on_progress: Callable[[Job], None] = ignore,
    on_note: Callable[[str], None] = ignore,
) -> Job:
    """Open a job, send everything and, unless detached, wait for its end.

    `on_progress` is called with the job whenever it was read from the ledger, `on_note` with sentences for the user.
    On KeyboardInterrupt, or if the walk through the sources breaks off, the job takes no more images and ends when
    those that were sent are done; workers of our own do only those that they hold.

    Raises JobFailed with the reason that a worker gave; JobCancelled; PermanentError if the broker lost its data, or
    if another process ended the job because this producer was silent for too long.
    """
    with _losses_explained(stack):
        _check_services(request.settings, stack)
        prepared = prepare(
            request.settings,
            request.spec,
            with_artifact=stack.is_embedded,
            fields=request.fields,
            on_note=on_note,
        )
        _say(request.notes, on_note)
        with closing(Ledger(stack.broker_url)) as ledger:
            job_id = _open(request, prepared, ledger, stack)
            wait_s = request.settings.host_wait_s
            with explained(job_id, stack=stack, host_wait_s=wait_s, on_note=on_note):
                arrange = partial(arranging, request.settings, prepared, _processes(request.settings, stack))
                job = _run(request, job_id, arrange, stack=stack, ledger=ledger, detach=detach, on_progress=on_progress)
            if not job.has_ended:
                note_missing_workers(stack, ledger, on_note)
        _say(request.notes, on_note)
    _check_end(job)
    return job


@contextmanager
def _losses_explained(stack: Stack) -> Iterator[None]:
    """Raises PermanentError for a broker that lost the job, and says of the private one that it is ours."""
    try:
        yield
    except JobUnknown as error:
        raise PermanentError("The broker lost its data, and the job with it.", AGAIN) from error
    except BrokerUnavailable as error:
        if stack.is_embedded:
            raise EmbeddedBrokerUnavailable(error.address, error.why) from error
        raise


def _check_end(job: Job) -> None:
    """Raises JobFailed, JobCancelled, PermanentError for a job that did not end as it should."""
    if job.state is JobState.FAILED:
        raise JobFailed(job.error)
    if job.state is JobState.CANCELLED:
        raise JobCancelled(f"Job {job.id} was cancelled: {job.done:,} of {job.found:,} images are done.", AGAIN)
    if job.state is JobState.INTERRUPTED:
        raise PermanentError(
            f"Job {job.id} was ended early: this process did not report to the broker for too long.", AGAIN
        )


def _say(notes: list[str], on_note: Callable[[str], None]) -> None:
    """Say what was not said yet."""
    while notes:
        on_note(notes.pop(0))


def _check_services(settings: Settings, stack: Stack) -> None:
    """Raises Unavailable, PermanentError. A stack of ours may be restarting its broker just now."""
    limit_s = EMBEDDED_RETRY_S if stack.is_embedded else 0.0
    check = partial(preflight.before_writing, settings, stack.broker_url)
    retry_while(check, limit_s=limit_s, check=stack.check)


def _open(request: JobRequest, prepared: Prepared, ledger: Ledger, stack: Stack) -> str:
    """Open the job, then begin the bulk load: the end of a job ends it, so it must not begin without one."""
    settings = request.settings
    with closing(factories.open_index(settings)) as index:
        version = index.version()
        if prepared.is_new:
            # An index of this name that was deleted may have left some.
            forget = partial(ledger.forget_all, place_of(settings.index_address, version))
            retry_while(forget, check=stack.check)
        open_job = partial(
            ledger.open_job,
            source=request.source,
            index=settings.index,
            index_address=settings.index_address,
            model=prepared.identity,
            spec=request.spec.to_json(),
            version=version,
            tries_again=request.tries_again,
            is_bound=stack.is_owner,
            named=request.named,
        )
        job_id = retry_while(open_job, check=stack.check)
        index.begin_load()
    return job_id


def _end_load(settings: Settings) -> None:
    """End the bulk-load mode here, because the workers may end together with this process."""
    with closing(factories.open_index(settings)) as index:
        index.end_load()


def _run(
    request: JobRequest,
    job_id: str,
    arranging: Callable[[], AbstractContextManager[Arrange]],
    *,
    stack: Stack,
    ledger: Ledger,
    detach: bool,
    on_progress: Callable[[Job], None],
) -> Job:
    celery = make_app(stack.broker_url, request.settings.time_limit_s)
    watch = JobWatch(job_id, stack=stack, ledger=ledger, celery=celery, on_progress=on_progress)
    try:
        with _heartbeat(ledger, job_id), suppress(JobEnded), arranging() as arrange:
            _send(request, job_id, arrange, ledger=ledger, celery=celery, watch=watch, stack=stack)
            if detach:
                return retry_while(lambda: ledger.job(job_id))
        return watch.await_end()
    except (KeyboardInterrupt, *SOURCE_ERRORS):
        with suppress(LookalikeError):
            if _interrupted(ledger, job_id, stack):
                send_finish(celery, job_id)
            _end_load(request.settings)
        raise


def _interrupted(ledger: Ledger, job_id: str, stack: Stack) -> bool:
    """Let the job take no more images; True if nothing is left of it.

    Workers of our own drop what they do not hold, because the next job would wait for it.
    """
    if stack.is_owner:
        return ledger.cancel(job_id, ending=JobState.INTERRUPTED) is JobState.FINISHING
    return ledger.drain(job_id, ending=JobState.INTERRUPTED)


def _send(
    request: JobRequest,
    job_id: str,
    arrange: Arrange,
    *,
    ledger: Ledger,
    celery: Celery,
    watch: JobWatch,
    stack: Stack,
) -> None:
    settings = request.settings
    done = enqueue(
        request.references(),
        job_id,
        ledger=ledger,
        send=partial(send_chunks, celery),
        chunk_size=settings.chunk_size,
        limit=settings.queue_limit,
        processes=_processes(settings, stack),
        arrange=arrange,
        waiting=watch.look,
        check=stack.check,
    )
    if done:
        with suppress(BrokerUnavailable):
            # The reconciler sends what could not be sent.
            send_finish(celery, job_id)


def _processes(settings: Settings, stack: Stack) -> int:
    """For so many processes the last images are divided. Nobody knows how many other workers have."""
    return settings.processes if stack.is_embedded else 1


@contextmanager
def _heartbeat(ledger: Ledger, job_id: str) -> Iterator[None]:
    """Report in the background that the producer is alive: a slow source may give no image for minutes."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_EVERY_S):
            # The main thread meets the same error and reports it.
            with suppress(LookalikeError):
                ledger.renew_producer(job_id)

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        over.set()

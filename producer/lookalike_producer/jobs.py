"""A job from its opening to its report, for every command that hands references to the workers; knows no source."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from celery import Celery

from lookalike import embedding, factories, preflight
from lookalike.embedded import Stack
from lookalike.embedding import ModelSpec
from lookalike.embedding.artifacts.cache import find
from lookalike.errors import (
    BadSetting,
    BrokerUnavailable,
    JobEnded,
    JobFailed,
    JobUnknown,
    LookalikeError,
    PermanentError,
)
from lookalike.ledger import Job, JobState, Ledger
from lookalike.queue import make_app, send_chunk, send_finish
from lookalike.reconciler import Reconciler
from lookalike.records import ImageRef, ModelIdentity
from lookalike.settings import Settings
from lookalike_producer.enqueue import enqueue

#: How often a waiting command looks at the ledger.
POLL_S = 0.1
#: How often it looks for messages that were lost; the workers look as well.
RECONCILE_EVERY_S = 5.0
#: Well within the ledger's PRODUCER_LEASE_S, so that a producer is taken for dead only when it is.
KEEP_EVERY_S = 5.0
#: How long the broker may be away before a waiting command gives up; the job itself goes on when it is back.
BROKER_PATIENCE_S = 60.0
AGAIN = "Run the same command again: it brings the index to the right state, and what is there costs a look-up."


def ignore(_: object) -> None:
    """The default of `on_progress` and `on_note`."""


@dataclass(frozen=True)
class JobRequest:
    """What a job is to do. `source` is what people know it by; `count` tells how many references there are, or None."""

    settings: Settings
    spec: ModelSpec
    source: str
    references: Callable[[], Iterable[ImageRef]]
    count: Callable[[], int | None]


def prepare_model(
    settings: Settings, spec: ModelSpec, *, with_artifact: bool, on_note: Callable[[str], None] = ignore
) -> ModelIdentity:
    """The model, and what an index must know of it. Raises what the model raises.

    The artifact is what our own workers need; they would otherwise all build it at once.
    """
    if with_artifact and find(spec, settings.home) is None:
        on_note(f"Preparing the model {spec.name} (once) ...")
        embedding.build_artifact(spec, settings.home)
    return embedding.identify(spec, settings.home)


def prepare(
    settings: Settings, spec: ModelSpec, *, with_artifact: bool, on_note: Callable[[str], None] = ignore
) -> ModelIdentity:
    """Model and index, before a single message is sent. Raises ModelMismatch and what model and index raise."""
    identity = prepare_model(settings, spec, with_artifact=with_artifact, on_note=on_note)
    with closing(factories.open_index(settings)) as index:
        index.ensure(identity)
    return identity


def run_job(
    order: JobRequest,
    stack: Stack,
    *,
    detach: bool = False,
    on_progress: Callable[[Job], None] = ignore,
    on_note: Callable[[str], None] = ignore,
) -> Job:
    """Open a job, send everything and, unless detached, wait for its end.

    `on_progress` is called with the job as it stands whenever it was looked at, `on_note` with a sentence to show.

    Raises JobFailed with the reason a worker gave, PermanentError if the broker lost its data or another process ended
    the job because this producer was silent for too long.
    """
    settings = order.settings
    ledger = Ledger(stack.broker_url)
    preflight.before_writing(settings, stack.broker_url)
    identity = prepare(settings, order.spec, with_artifact=stack.is_embedded, on_note=on_note)
    job_id = ledger.open_job(
        source=order.source,
        index=settings.index,
        index_address=settings.index_address,
        model=identity,
        spec=order.spec.to_json(),
    )
    # With the job and not before it: only a job's end turns up again what this turns down.
    with closing(factories.open_index(settings)) as index:
        index.begin_load()
    try:
        job = _run(order, job_id, stack=stack, ledger=ledger, detach=detach, on_progress=on_progress)
    except JobUnknown as error:
        raise PermanentError("The broker lost its data, and the job with it.", AGAIN) from error
    if job.state is JobState.FAILED:
        raise JobFailed(job.error)
    if job.state is JobState.INTERRUPTED:
        raise PermanentError(f"Job {job.id} was ended early: for too long nothing was heard of this command.", AGAIN)
    return job


def check_detachable(stack: Stack) -> None:
    """Raises BadSetting for a stack that ends with this process: a job that nobody waits for would end with it."""
    if stack.is_owner:
        advice = "Start `lookalike up` first, or set LOOKALIKE_BROKER_URL."
        raise BadSetting("To detach, the broker has to outlive this command.", advice)


def _settle(settings: Settings) -> None:
    """Leave the index searchable when the workers that would do so may end with us."""
    with closing(factories.open_index(settings)) as index:
        index.end_load()


def _run(
    order: JobRequest,
    job_id: str,
    *,
    stack: Stack,
    ledger: Ledger,
    detach: bool,
    on_progress: Callable[[Job], None],
) -> Job:
    celery = make_app(stack.broker_url, order.settings.time_limit_s)
    watch = _Watch(job_id, stack=stack, ledger=ledger, celery=celery, on_progress=on_progress)
    try:
        with _kept(ledger, job_id), suppress(JobEnded):
            _send(order, job_id, ledger=ledger, celery=celery, waiting=watch.look)
            if detach:
                return ledger.job(job_id)
        return watch.await_end()
    except KeyboardInterrupt:
        with suppress(LookalikeError):
            if ledger.drain(job_id, ending=JobState.INTERRUPTED):
                send_finish(celery, job_id)
            _settle(order.settings)
        raise


def _send(order: JobRequest, job_id: str, *, ledger: Ledger, celery: Celery, waiting: Callable[[], None]) -> None:
    done = enqueue(
        order.references(),
        job_id,
        ledger=ledger,
        send=lambda chunk_id: send_chunk(celery, chunk_id),
        chunk_size=order.settings.chunk_size,
        limit=order.settings.queue_limit,
        waiting=waiting,
    )
    if done:
        send_finish(celery, job_id)


@contextmanager
def _kept(ledger: Ledger, job_id: str) -> Iterator[None]:
    """Say all the while that the job's producer is alive: a slow source gives nothing to record for minutes."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(KEEP_EVERY_S):
            # The producer itself meets the same trouble and reports it.
            with suppress(LookalikeError):
                ledger.keep_producer(job_id)

    threading.Thread(target=keep, daemon=True).start()
    try:
        yield
    finally:
        over.set()


class _Watch:
    """Looks after a job: its processes, its progress, and messages that got lost."""

    def __init__(
        self, job_id: str, *, stack: Stack, ledger: Ledger, celery: Celery, on_progress: Callable[[Job], None]
    ) -> None:
        self._job_id = job_id
        self._stack = stack
        self._ledger = ledger
        self._on_progress = on_progress
        self._reconciler = Reconciler(ledger, celery)
        self._reconciled = time.monotonic()
        self.job: Job | None = None

    def look(self) -> None:
        """Raises JobUnknown, BrokerUnavailable, and PermanentError where a process is gone for good."""
        self._stack.check()
        self.job = self._ledger.job(self._job_id)
        self._on_progress(self.job)
        if time.monotonic() - self._reconciled >= RECONCILE_EVERY_S:
            self._reconciler.look()
            self._reconciled = time.monotonic()

    def await_end(self) -> Job:
        """The job when it has ended; raises BrokerUnavailable when the broker stays away for BROKER_PATIENCE_S."""
        seen = time.monotonic()
        while self.job is None or not self.job.has_ended:
            time.sleep(POLL_S if self.job else 0)
            try:
                self.look()
                seen = time.monotonic()
            except BrokerUnavailable:
                if time.monotonic() - seen > BROKER_PATIENCE_S:
                    raise
        return self.job

"""Says why a job makes no progress: the broker is away, no worker consumes the queue, another job comes first, or
workers wait for a host, a store or the index."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from lookalike.addresses import plain_address
from lookalike.embedded import Stack
from lookalike.errors import BrokerUnavailable, LookalikeError
from lookalike.ledger import Job, Ledger
from lookalike.ledger.aside import Waiting
from lookalike.plural import counted
from lookalike.queue import make_app
from lookalike.uris import STORE_SCHEMES, scheme_of
from lookalike.workers import consuming_workers

#: Without progress for so long, the workers are asked, which takes ANSWER_TIMEOUT_S: less than 5 s together.
LOOK_EVERY_S = 1.5


@contextmanager
def explained(job_id: str, *, stack: Stack, host_wait_s: int, on_note: Callable[[str], None]) -> Iterator[None]:
    """In the background, say each reason once until there is progress again. The job waits on."""
    over = threading.Event()
    threading.Thread(target=_explain, args=(over, job_id, stack, host_wait_s, on_note), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def note_missing_workers(stack: Stack, ledger: Ledger, on_note: Callable[[str], None]) -> None:
    """For jobs that nobody waits for: say at once if no worker has reported itself, nor answers."""
    # The job is recorded, and goes on without us.
    with suppress(LookalikeError):
        if not (stack.is_embedded or ledger.worker_count() or _has_worker(stack.broker_url)):
            on_note(no_worker(stack.broker_url))


def no_worker(broker_url: str) -> str:
    """The sentence for a broker without workers."""
    return (
        f"No worker consumes the queue of {plain_address(broker_url)}, so the job waits. "
        "Start one with the same LOOKALIKE_BROKER_URL and LOOKALIKE_INDEX_URL: `lookalike worker`."
    )


def _explain(
    over: threading.Event, job_id: str, stack: Stack, host_wait_s: int, on_note: Callable[[str], None]
) -> None:
    # A connection of its own: the main thread closes its one when the job has ended.
    with closing(Ledger(stack.broker_url)) as ledger:
        done, said = 0, ""
        while not over.wait(LOOK_EVERY_S):
            try:
                done, why = _look(ledger, job_id, done, said, stack, host_wait_s)
            except BrokerUnavailable as error:
                # An embedded one is being restarted, or the main thread reports why not. One that comes back says other
                # reasons on its way, such as that it loads its data; it is the same absence.
                away = f"The broker at {error.address} does not answer"
                is_said = stack.is_embedded or said.startswith(away)
                why = said if is_said else f"{away} ({error.why}), so the job waits."
            except LookalikeError:
                # The main thread meets the same error and reports it.
                return
            if why not in ("", said) and not over.is_set():
                on_note(why)
            said = why


def _look(ledger: Ledger, job_id: str, done: int, said: str, stack: Stack, host_wait_s: int) -> tuple[int, str]:
    """How many images are done now, and why it is not more than `done`; `said` while there is no other reason."""
    job = ledger.job(job_id)
    if job.done != done or not ledger.outstanding(job_id):
        return job.done, ""
    return done, _why(job, stack, ledger, host_wait_s) or said


def _why(job: Job, stack: Stack, ledger: Ledger, host_wait_s: int) -> str:
    if not (stack.is_embedded or _has_worker(stack.broker_url)):
        return no_worker(stack.broker_url)
    # The queue is in order, so a job that has begun waits for nobody.
    earlier = [other for other in ledger.active_jobs() if not job.done and other.started_at < job.started_at]
    if ahead := [other for other in earlier if other.is_worked_on and ledger.in_work(other.id) > 0]:
        return f"Workers do the images of {counted(len(ahead), 'earlier job')} first: {ahead[0].id}."
    if (waiting := ledger.waiting(job.id)) and ledger.in_work(job.id) <= 0:
        more = f", and {counted(len(waiting) - 1, 'other host')}" if len(waiting) > 1 else ""
        return f"{waiting[0]}{more}. {then(waiting[0], host_wait_s)}"
    return waits_for(ledger.returned(job.id))


def waits_for(returned: str) -> str:
    """What a worker has said when it returned a chunk, as a note."""
    return f"{returned} The job waits for it, and goes on by itself." if returned else ""


def then(waiting: Waiting, host_wait_s: int) -> str:
    """What becomes of images that wait for a host."""
    if scheme_of(waiting.host) in STORE_SCHEMES:
        # Without a bound if the store is away altogether; nobody here knows.
        return "They are tried again until it answers."
    return f"After {host_wait_s} s without an answer they are rejected as host_unavailable (LOOKALIKE_HOST_WAIT_S)."


def _has_worker(broker_url: str) -> bool:
    with make_app(broker_url) as app:
        return bool(consuming_workers(app))

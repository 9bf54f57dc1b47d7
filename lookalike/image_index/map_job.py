"""Makes a map as a job: the ledger says how far it is, and how it ended."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

from lookalike import factories
from lookalike.broker import broker_location
from lookalike.embedded import open_stack
from lookalike.embedded.redis_server import broker_url
from lookalike.errors import LookalikeError
from lookalike.fitting.progress import Advance, Progress, silent
from lookalike.ledger import Job, JobKind, JobState, Ledger
from lookalike.ledger.job import new_job_id
from lookalike.mapping.keeping import MapReport, check_made_here, keep_map
from lookalike.mapping.making import READ
from lookalike.mapping.sample import SAMPLE
from lookalike.settings import Settings

logger = logging.getLogger(__name__)

#: Well within the ledger's PRODUCER_LEASE_S, so that only a map whose process died counts as interrupted.
REPORT_EVERY_S = 5.0


def map_as_job(settings: Settings, *, add: bool = False, size: int = SAMPLE, progress: Progress = silent) -> MapReport:
    """`keep_map`, as a job of the ledger from the first image that is read. A broker that is away is no reason to stop:
    nobody can read the ledger then.

    Raises what `keep_map` raises."""
    check_made_here()
    reports = _Reports(settings, _job(settings, add=add), progress)
    try:
        made = keep_map(settings, add=add, size=size, progress=reports.progress)
    except BaseException as error:
        is_fault = isinstance(error, Exception)
        reports.end(JobState.FAILED if is_fault else JobState.INTERRUPTED, str(error) if is_fault else "")
        raise
    reports.end(JobState.FINISHED)
    return made


def _job(settings: Settings, *, add: bool) -> Job:
    with closing(factories.open_index(settings)) as index:
        now, model, version = time.time(), index.model(), index.version()
        # Of an addition, nobody knows before how many images it will place.
        found = 0 if add else index.count()
    return Job(
        id=new_job_id(now),
        kind=JobKind.MAP,
        state=JobState.MAPPING,
        source=f"map of {version}",
        index=settings.index,
        index_address=settings.index_address,
        version=version,
        model=model.name,
        fingerprint=model.fingerprint,
        spec="",
        started_at=now,
        ended_at=None,
        found=found,
        indexed=0,
        unchanged=0,
        rejected=0,
        resent=0,
        error="",
    )


class _Reports:
    """Counts the images that have a place, and tells the ledger every few seconds, in a thread."""

    def __init__(self, settings: Settings, job: Job, shown: Progress) -> None:
        self._settings = settings
        self._job = job
        self._shown = shown
        self._told = self._placed = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._report_often, daemon=True)

    @contextmanager
    def progress(self, verb: str, total: int) -> Iterator[Advance]:
        """As `Progress`; images that are only read have no place yet."""
        places = verb != READ
        self._told += total if places else 0
        if self._thread.ident is None:
            self._thread.start()
        with self._shown(verb, total) as advance:

            def count(done: int) -> None:
                self._placed += done if places else 0
                advance(done)

            yield count

    def end(self, state: JobState, error: str = "") -> None:
        """Report the end; nothing if no image was read."""
        self._over.set()
        if self._thread.ident is None:
            return
        self._thread.join()
        now = self._now()
        # Images that came or went meanwhile were not counted at the start.
        found = now.placed if state is JobState.FINISHED else now.found
        ended = replace(now, state=state, found=found, ended_at=now.reported_at, error=error)
        try:
            # The embedded broker is started for this, if it does not run: the list of jobs is read later.
            with open_stack(self._settings, with_worker=False) as stack:
                _report(stack.broker_url, ended)
        except LookalikeError as away:
            logger.info("The ledger does not have job %s: %s", ended.id, away)

    def _report_often(self) -> None:
        while not self._over.is_set():
            with suppress(LookalikeError):
                # The embedded broker runs while somebody else needs it.
                _report(broker_location(self._settings) or broker_url(self._settings.home), self._now())
            self._over.wait(REPORT_EVERY_S)

    def _now(self) -> Job:
        found = max(self._job.found, self._told)
        return replace(self._job, found=found, placed=self._placed, reported_at=time.time())


def _report(url: str, job: Job) -> None:
    with closing(Ledger(url)) as ledger:
        ledger.report_map(job)

"""The jobs in the ledger: their records, their producers and their ends."""

import json
import logging
import time
from collections.abc import Sequence
from typing import cast

from lookalike.errors import JobUnknown
from lookalike.ledger import scripts
from lookalike.ledger.connection import FOREIGN, key
from lookalike.ledger.job import Job, JobState, named_sources, new_job_id, parse_job
from lookalike.ledger.maps import PRODUCER_LEASE_S, Maps
from lookalike.messages import MessageInvalid
from lookalike.records import ModelIdentity
from lookalike.shown import shown

logger = logging.getLogger(__name__)


class Jobs(Maps):
    """The part of the ledger that is about jobs."""

    def open_job(
        self,
        *,
        source: str,
        index: str,
        index_address: str,
        model: ModelIdentity,
        spec: str,
        version: str = "",
        tries_again: bool = False,
        is_bound: bool = False,
        named: Sequence[str] = (),
    ) -> str:
        """Record a new job, with its producer alive, and return its id.

        `version` is the one that the index's name points to. With `tries_again`, images are tried that an earlier job
        rejected, even if nothing has changed since. A job that `is_bound` ends with the process that waits for it, by
        `end_bound_jobs`. `named` are web addresses that a worker of the embedded stack may read for it.
        """
        now = time.time()
        job_id = new_job_id(now)
        record = {
            "state": JobState.ENUMERATING.value,
            "source": named_sources(source).encode("utf-8", "replace"),
            "index": index,
            "index_address": index_address,
            "model": model.name,
            "fingerprint": model.fingerprint,
            "spec": spec,
            "version": version,
            "tries_again": "1" if tries_again else "",
            "started_at": repr(now),
            "bound": int(is_bound),
            "named": json.dumps(list(named)),
        }
        with self._translated(), self._redis.pipeline() as pipe:
            pipe.hset(key("job", job_id), mapping=record)  # type: ignore[arg-type]
            pipe.set(key("producer", job_id), "1", ex=PRODUCER_LEASE_S)
            pipe.zadd(key("jobs"), {job_id: now})
            pipe.sadd(key("active"), job_id)
            pipe.execute()
        return job_id

    def renew_producer(self, job_id: str) -> None:
        """The heartbeat of the job's producer; repeat it well within PRODUCER_LEASE_S."""
        with self._translated():
            self._redis.set(key("producer", job_id), "1", ex=PRODUCER_LEASE_S)

    def has_producer(self, job_id: str) -> bool:
        """Whether the job's producer is alive."""
        with self._translated():
            return bool(self._redis.exists(key("producer", job_id)))

    def drain(self, job_id: str, *, ending: JobState = JobState.FINISHED) -> bool:
        """Accept no more chunks, and let the job end as `ending` after the outstanding ones. True if there are none."""
        keys = [key("job", job_id), key("outstanding", job_id)]
        with self._translated():
            return bool(self._run(scripts.DRAIN, keys=keys, args=[ending.value]) == b"finishing")

    def finish(self, job_id: str) -> None:
        """End a job that takes no more chunks, in the state that `drain` or `cancel` was given; others go on."""
        self._end(job_id, "")

    def fail(self, job_id: str, why: str) -> None:
        """Stop a job for a reason that a person must see; outstanding chunks are dropped."""
        self._end(job_id, JobState.FAILED.value, why)

    def end_bound_jobs(self) -> None:
        """End the jobs that are bound to a process which waits for them no more; outstanding chunks are dropped."""
        for job in self.active_jobs():
            if job.is_bound and job.state in (JobState.FINISHING, JobState.CANCELLING):
                self.finish(job.id)
            elif job.is_bound:
                self._end(job.id, JobState.INTERRUPTED)

    def job(self, job_id: str) -> Job:
        """Raises JobUnknown, MessageInvalid."""
        with self._translated():
            fields = cast(dict[bytes, bytes], self._redis.hgetall(key("job", job_id)))
        if not fields:
            raise JobUnknown(f"There is no job {shown(job_id)}.", "`lookalike status` and images.jobs() list the jobs.")
        try:
            job = parse_job(job_id, fields)
        except (KeyError, ValueError) as error:
            raise MessageInvalid(f"The record of job {shown(job_id)} is damaged: {shown(error)}.", FOREIGN) from error
        is_abandoned = job.state is JobState.MAPPING and not self.has_producer(job_id)
        return job.abandoned() if is_abandoned else job

    def jobs(self, limit: int = 20) -> list[Job]:
        """The latest jobs, newest first."""
        with self._translated():
            ids = cast(list[bytes], self._redis.zrevrange(key("jobs"), 0, limit - 1))
        return self._jobs(ids)

    def active_jobs(self) -> list[Job]:
        """The jobs that have not ended."""
        with self._translated():
            ids = cast(set[bytes], self._redis.smembers(key("active")))
        return self._jobs(sorted(ids))

    def _jobs(self, ids: Sequence[bytes]) -> list[Job]:
        """The jobs with a valid record: a malformed one must not hide the others."""
        jobs = []
        for job_id in ids:
            try:
                jobs.append(self.job(job_id.decode()))
            except (JobUnknown, MessageInvalid, UnicodeDecodeError) as error:
                logger.warning("Cannot read the record of job %s: %s", job_id.decode(errors="replace"), error)
        return jobs

    def _end(self, job_id: str, state: str, why: str = "") -> None:
        names = ("job", "outstanding", "attempts", "timeouts", "opened", "waiting")
        keys = [*(key(name, job_id) for name in names), key("active")]
        with self._translated():
            self._run(scripts.END, keys=keys, args=[job_id, state, repr(time.time()), why])

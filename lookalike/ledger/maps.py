"""The maps in the ledger. A map is a job without chunks: the process that makes it reports how far it is."""

from lookalike.ledger.connection import Connection, key
from lookalike.ledger.job import Job, JobKind

#: Seconds without a heartbeat after which a producer counts as dead.
PRODUCER_LEASE_S = 20


class Maps(Connection):
    """The part of the ledger that is about maps."""

    def report_map(self, job: Job) -> None:
        """Record the job as it is now; repeat it well within PRODUCER_LEASE_S until it has ended.

        A report needs none before it: the broker may be away for a while, or be started later. The job is never one
        of the active ones, so that neither a worker nor the reconciler waits for it.
        """
        names = ("source", "index", "index_address", "model", "fingerprint", "spec", "version", "error")
        record = {name: str(getattr(job, name)) for name in names} | {
            "kind": JobKind.MAP.value,
            "state": job.state.value,
            "found": str(job.found),
            "placed": str(job.placed),
            "started_at": repr(job.started_at),
            "ended_at": "" if job.ended_at is None else repr(job.ended_at),
            "reported_at": repr(job.reported_at),
        }
        with self._translated(), self._redis.pipeline() as pipe:
            pipe.hset(key("job", job.id), mapping=record)  # type: ignore[arg-type]
            pipe.set(key("producer", job.id), "1", ex=PRODUCER_LEASE_S)
            pipe.zadd(key("jobs"), {job.id: job.started_at})
            pipe.execute()

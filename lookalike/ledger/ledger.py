"""The ledger: the state of every job and chunk, in Redis. It is the truth; the queue only speeds it up.

Keys: `jobs` (ids by start time), `active` (ids that have not ended), `job:ID` (one job's record), `producer:ID` (exists
while its producer lives), `outstanding:ID` (chunk id -> its references), `attempts:ID` (chunk id -> how often it was
claimed), `waiting:ID` (chunk id -> why its images were put aside), `due` (such chunk ids of all jobs by the time when
they are sent again), `returned:ID` (why a chunk was returned a moment ago), `timeouts:ID` (chunks that exceeded the
time limit), `opened:ID` (chunk id -> when it was opened), `lease:TASK` (exists while a worker holds this chunk, or ends
this job), `rejected:ID` (uri -> rejection, for the images that no later job saw), `holders:PLACE` (uri -> the job on
whose list it is, for one version of an index), `workers` (name -> time of its last heartbeat), `home` (the home that
holds this Redis, if it is embedded); counters.py has the keys of the totals. A chunk is outstanding from before its
message is sent until one atomic step counts it, so a chunk that is delivered twice counts once.
"""

from lookalike.ledger.cancelling import Cancelling
from lookalike.ledger.connection import PREFIX, key
from lookalike.ledger.counters import Counters, read_counters
from lookalike.ledger.jobs import Jobs
from lookalike.ledger.moving import Moving
from lookalike.ledger.rejections import Rejections

#: Seconds without a heartbeat after which a worker counts as dead.
WORKER_LEASE_S = 20


class Ledger(Jobs, Cancelling, Rejections, Moving):
    """Every method raises BrokerUnavailable if Redis is away, and AccessDenied if it rejects the credentials."""

    def count_resent(self, job_id: str) -> None:
        """Count a message that was sent again."""
        with self._translated(), self._redis.pipeline() as pipe:
            pipe.hincrby(key("job", job_id), "resent", 1)
            pipe.hincrby(key("counters"), "resent", 1)
            pipe.execute()

    def counters(self) -> Counters:
        """The totals of all jobs."""
        with self._translated():
            return read_counters(self._redis, PREFIX)

    def renew_worker(self, name: str) -> None:
        """The heartbeat of a worker, by Redis' clock; repeat it well within WORKER_LEASE_S."""
        with self._translated():
            now = self._redis.time()[0]
            with self._redis.pipeline() as pipe:
                pipe.zadd(key("workers"), {name: now})
                pipe.zremrangebyscore(key("workers"), "-inf", now - WORKER_LEASE_S)
                pipe.execute()

    def worker_count(self) -> int:
        """Number of workers with a recent heartbeat."""
        with self._translated():
            now = self._redis.time()[0]
            return int(self._redis.zcount(key("workers"), now - WORKER_LEASE_S, "+inf"))

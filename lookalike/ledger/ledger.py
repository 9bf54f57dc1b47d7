"""The ledger: the state of every job and chunk, in Redis. It is the truth; the queue only speeds it up.

Keys: `jobs` (ids by start time), `active` (ids that have not ended), `job:ID` (one job's record), `producer:ID` (exists
while its producer lives), `outstanding:ID` (chunk id -> its references), `attempts:ID` (chunk id -> how often it was
claimed), `timeouts:ID` (chunks that exceeded the time limit), `opened:ID` (chunk id -> when it was opened),
`lease:CHUNK` (exists while a worker holds it), `rejected:ID` (uri -> reason), `workers` (name -> time of its last
heartbeat); counters.py has the keys of the totals. A chunk is outstanding from before its message is sent until one
atomic step counts it, so a chunk that is delivered twice counts once.
"""

import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import redis

from lookalike.addresses import plain_address
from lookalike.broker import broker_error, client_url
from lookalike.errors import ChunkLeased, JobEnded, JobUnknown
from lookalike.ledger import scripts
from lookalike.ledger.counters import HOST_TTL_S, ChunkTimings, Counters, increments, read_counters
from lookalike.ledger.job import Job, JobState, parse_job
from lookalike.messages import decode_chunk, decode_rejected, encode_chunk, encode_rejected
from lookalike.records import Chunk, ImageRef, ModelIdentity, Outcome, Rejected

logger = logging.getLogger(__name__)

PREFIX = "lookalike:ledger:"
#: Seconds after which an unextended lease on a chunk ends. Short, because the chunk of a dead worker waits so long.
LEASE_S = 10
#: Seconds without a heartbeat after which a producer counts as dead.
PRODUCER_LEASE_S = 20
#: Seconds without a heartbeat after which a worker counts as dead.
WORKER_LEASE_S = 20
#: The ledger answers in a millisecond; after this time it counts as away, and callers retry.
TIMEOUT_S = 6.0


class Ledger:
    """Every method raises BrokerUnavailable if Redis is away, and AccessDenied if it rejects the credentials."""

    def __init__(self, broker_url: str) -> None:
        self._address = plain_address(broker_url)
        self._redis = redis.Redis.from_url(client_url(broker_url), socket_timeout=TIMEOUT_S)
        self._open_script = self._redis.register_script(scripts.OPEN)
        self._claim_script = self._redis.register_script(scripts.CLAIM)
        self._release_script = self._redis.register_script(scripts.RELEASE)
        self._split_script = self._redis.register_script(scripts.SPLIT)
        self._close_script = self._redis.register_script(scripts.CLOSE)
        self._drain_script = self._redis.register_script(scripts.DRAIN)
        self._end_script = self._redis.register_script(scripts.END)

    def ping(self) -> None:
        """Check that Redis answers."""
        with self._translated():
            self._redis.ping()

    def open_job(self, *, source: str, index: str, index_address: str, model: ModelIdentity, spec: str) -> str:
        """Record a new job, with its producer alive, and return its id."""
        now = time.time()
        job_id = time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + secrets.token_hex(3)
        record = {
            "state": JobState.ENUMERATING.value,
            "source": source.encode("utf-8", "replace"),
            "index": index,
            "index_address": index_address,
            "model": model.name,
            "fingerprint": model.fingerprint,
            "spec": spec,
            "started_at": repr(now),
        }
        with self._translated(), self._redis.pipeline() as pipe:
            pipe.hset(_key("job", job_id), mapping=record)  # type: ignore[arg-type]
            pipe.set(_key("producer", job_id), "1", ex=PRODUCER_LEASE_S)
            pipe.zadd(_key("jobs"), {job_id: now})
            pipe.sadd(_key("active"), job_id)
            pipe.execute()
        return job_id

    def open_chunk(self, chunk: Chunk) -> int:
        """Record a chunk as outstanding, before its message is sent; returns the number of outstanding chunks.

        Raises JobEnded if the job accepts no more chunks, for example because a worker stopped it.
        """
        keys = [_key(name, chunk.job) for name in ("job", "outstanding", "opened")]
        now = repr(time.time())
        with self._translated():
            count = int(self._open_script(keys=keys, args=[chunk.id, encode_chunk(chunk), len(chunk.refs), now]))
        if count < 0:
            raise JobEnded(chunk.job)
        return count

    def renew_producer(self, job_id: str) -> None:
        """The heartbeat of the job's producer; repeat it well within PRODUCER_LEASE_S."""
        with self._translated():
            self._redis.set(_key("producer", job_id), "1", ex=PRODUCER_LEASE_S)

    def has_producer(self, job_id: str) -> bool:
        """Whether the job's producer is alive."""
        with self._translated():
            return bool(self._redis.exists(_key("producer", job_id)))

    def outstanding(self, job_id: str) -> int:
        """Number of chunks of the job that are queued or running."""
        with self._translated():
            return self._redis.hlen(_key("outstanding", job_id))

    def outstanding_ids(self, job_id: str) -> list[str]:
        """The ids of these chunks."""
        with self._translated():
            return [chunk_id.decode() for chunk_id in cast(list[bytes], self._redis.hkeys(_key("outstanding", job_id)))]

    def oldest_opened_at(self, job_id: str) -> float | None:
        """When the oldest of these chunks was opened, in seconds since 1970; None if there are none."""
        with self._translated():
            first = cast(list[tuple[bytes, float]], self._redis.zrange(_key("opened", job_id), 0, 0, withscores=True))
        return first[0][1] if first else None

    def unleased(self, job_id: str) -> list[str]:
        """Ids of outstanding chunks without a lease: they are queued, or their message or worker is lost."""
        ids = self.outstanding_ids(job_id)
        with self._translated(), self._redis.pipeline(transaction=False) as pipe:
            for chunk_id in ids:
                pipe.exists(_key("lease", chunk_id))
            held = pipe.execute()
        return [chunk_id for chunk_id, lease in zip(ids, held, strict=True) if not lease]

    def chunk(self, chunk_id: str) -> Chunk | None:
        """The chunk, or None if it is not outstanding. Raises MessageInvalid."""
        with self._translated():
            payload = self._redis.hget(_key("outstanding", job_of(chunk_id)), chunk_id)
        return decode_chunk(chunk_id, cast(bytes, payload)) if payload is not None else None

    def claim(self, chunk_id: str) -> tuple[Chunk, int] | None:
        """Lease a chunk for LEASE_S; returns it with its number of attempts without an orderly end, this one included.

        None if it is closed. Raises MessageInvalid, and ChunkLeased during another attempt.
        """
        with self._translated():
            # The part of a split chunk begins with one attempt: the failed one of the whole chunk.
            born_with = int("." in chunk_id)
            claimed = self._claim_script(keys=_work_keys(chunk_id, "counters"), args=[chunk_id, LEASE_S, born_with])
        if claimed == b"held":
            raise ChunkLeased(chunk_id)
        return (decode_chunk(chunk_id, claimed[0]), int(claimed[1])) if claimed else None

    def extend_lease(self, chunk_id: str) -> None:
        """Extend the lease on a claimed chunk by LEASE_S from now."""
        with self._translated():
            self._redis.expire(_key("lease", chunk_id), LEASE_S)

    def release(self, chunk_id: str, for_s: float, away: str = "service") -> None:
        """Return a chunk in order because the service `away` was; it is resent after `for_s` seconds.

        The attempt does not count.
        """
        with self._translated():
            keys = _work_keys(chunk_id, "counters")
            self._release_script(keys=keys, args=[chunk_id, LEASE_S + round(for_s), away])

    def split(self, chunk: Chunk, parts: Sequence[Chunk], attempts: int) -> bool:
        """Replace a chunk by parts that begin with `attempts` attempts. False if it was closed meanwhile."""
        pairs = [text for part in parts for text in (part.id, encode_chunk(part))]
        with self._translated():
            keys = [*_work_keys(chunk.id), _key("opened", chunk.job)]
            return bool(self._split_script(keys=keys, args=[chunk.id, attempts, *pairs]))

    def record_timeout(self, chunk_id: str) -> None:
        """Record that the present attempt at a chunk exceeded the time limit."""
        job_id = job_of(chunk_id)
        with self._translated():
            if attempt := cast(bytes | None, self._redis.hget(_key("attempts", job_id), chunk_id)):
                self._redis.hset(_key("timeouts", job_id), chunk_id, attempt)
                self._redis.hincrby(_key("counters"), "timed_out", 1)

    def has_timed_out(self, chunk_id: str, attempt: int) -> bool:
        """Whether this attempt was the last one that exceeded the time limit."""
        with self._translated():
            return self._redis.hget(_key("timeouts", job_of(chunk_id)), chunk_id) == str(attempt).encode()

    def close_chunk(self, chunk: Chunk, outcome: Outcome, timings: ChunkTimings | None = None) -> bool:
        """Count a chunk, once even if it is closed repeatedly. True if it was the last one of the job.

        `timings` are added to the counters; None if no worker did the chunk.
        """
        refs = {ref.uri: ref for ref in chunk.refs}
        rejections = [part for item in outcome.rejected for part in (item.uri, encode_rejected(item, refs[item.uri]))]
        host, more = (timings.host, increments(outcome, timings)) if timings else ("", (b"{}", b"{}"))
        done = (chunk.id, outcome.indexed, outcome.unchanged)
        arguments = [*done, host, repr(time.time()), HOST_TTL_S, *more, *rejections]
        with self._translated():
            return bool(self._close_script(keys=_close_keys(chunk, host), args=arguments) == b"last")

    def drain(self, job_id: str, *, ending: JobState = JobState.FINISHED) -> bool:
        """Accept no more chunks, and let the job end as `ending` after the outstanding ones. True if there are none."""
        keys = [_key("job", job_id), _key("outstanding", job_id)]
        with self._translated():
            return bool(self._drain_script(keys=keys, args=[ending.value]) == b"finishing")

    def finish(self, job_id: str) -> None:
        """End a job without outstanding chunks, in the state that `drain` was given."""
        self._end(job_id, "")

    def fail(self, job_id: str, why: str) -> None:
        """Stop a job for a reason that a person must see; outstanding chunks are dropped."""
        self._end(job_id, JobState.FAILED.value, why)

    def job(self, job_id: str) -> Job:
        """Raises JobUnknown."""
        with self._translated():
            fields = cast(dict[bytes, bytes], self._redis.hgetall(_key("job", job_id)))
        if not fields:
            raise JobUnknown(f"There is no job {job_id!r} in the ledger.", "`lookalike status` lists the jobs.")
        return parse_job(job_id, fields)

    def jobs(self, limit: int = 20) -> list[Job]:
        """The latest jobs, newest first."""
        with self._translated():
            ids = cast(list[bytes], self._redis.zrevrange(_key("jobs"), 0, limit - 1))
        return self._jobs(ids)

    def active_jobs(self) -> list[Job]:
        """The jobs that have not ended."""
        with self._translated():
            ids = cast(set[bytes], self._redis.smembers(_key("active")))
        return self._jobs(sorted(ids))

    def may_resend(self, chunk_id: str, within_s: int) -> bool:
        """True for one caller in `within_s` seconds, so that several reconcilers do not all send a message."""
        with self._translated():
            return bool(self._redis.set(_key("resent", chunk_id), "1", nx=True, ex=within_s))

    def count_resent(self, job_id: str) -> None:
        """Count a message that was sent again."""
        with self._translated(), self._redis.pipeline() as pipe:
            pipe.hincrby(_key("job", job_id), "resent", 1)
            pipe.hincrby(_key("counters"), "resent", 1)
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
                pipe.zadd(_key("workers"), {name: now})
                pipe.zremrangebyscore(_key("workers"), "-inf", now - WORKER_LEASE_S)
                pipe.execute()

    def worker_count(self) -> int:
        """Number of workers with a recent heartbeat."""
        with self._translated():
            now = self._redis.time()[0]
            return int(self._redis.zcount(_key("workers"), now - WORKER_LEASE_S, "+inf"))

    def rejected(self, job_id: str) -> Iterator[Rejected]:
        """The rejected images of a job. Raises MessageInvalid."""
        return (rejected for rejected, _ in self.rejections(job_id))

    def rejections(self, job_id: str) -> Iterator[tuple[Rejected, ImageRef]]:
        """The rejected images of a job, with their references. Raises MessageInvalid."""
        with self._translated():
            for _, payload in self._redis.hscan_iter(_key("rejected", job_id)):
                yield decode_rejected(payload)

    def rejected_count(self, job_id: str) -> int:
        """Number of images on the job's list of rejected images."""
        with self._translated():
            return self._redis.hlen(_key("rejected", job_id))

    def remove_rejected(self, job_id: str, uris: Sequence[str]) -> None:
        """Take images off the job's list, because another job has them now; the counts of the job stay."""
        with self._translated():
            if uris:
                self._redis.hdel(_key("rejected", job_id), *uris)

    def close(self) -> None:
        self._redis.close()

    def _jobs(self, ids: Sequence[bytes]) -> list[Job]:
        """The jobs with a valid record: a malformed one must not hide the others."""
        jobs = []
        for job_id in ids:
            try:
                jobs.append(self.job(job_id.decode()))
            except (JobUnknown, KeyError, ValueError) as error:
                logger.warning("Cannot read the record of job %s: %s", job_id.decode(errors="replace"), error)
        return jobs

    def _end(self, job_id: str, state: str, why: str = "") -> None:
        names = ("job", "outstanding", "attempts", "timeouts", "opened")
        keys = [*(_key(name, job_id) for name in names), _key("active")]
        with self._translated():
            self._end_script(keys=keys, args=[job_id, state, repr(time.time()), why])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except redis.exceptions.RedisError as error:
            raise broker_error(error, self._address) from error


def job_of(chunk_id: str) -> str:
    """The job of a chunk id ("job/number")."""
    return chunk_id.rpartition("/")[0]


def _work_keys(chunk_id: str, *further: str) -> list[str]:
    job_id = job_of(chunk_id)
    return [_key("outstanding", job_id), _key("attempts", job_id), _key("lease", chunk_id), *map(_key, further)]


def _close_keys(chunk: Chunk, host: str) -> list[str]:
    first = [_key(name, chunk.job) for name in ("job", "outstanding", "rejected", "attempts")]
    then = [_key("lease", chunk.id), _key("timeouts", chunk.job), _key("opened", chunk.job)]
    return [*first, *then, _key("counters"), _key("hosts"), _key("work", host)]


def _key(*parts: str) -> str:
    return PREFIX + ":".join(parts)

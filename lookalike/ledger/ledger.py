"""The ledger: what became of every job, chunk and image, in Redis; the truth the queue only speeds up.

Keys: `jobs` (ids by start time), `job:ID` (one job's record), `outstanding:ID` (chunk id -> its references),
`rejected:ID` (uri -> reason). A chunk is outstanding from before its message is sent until the one atomic step that
counts it, so a chunk delivered twice counts once.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import redis

from lookalike.broker import broker_error, client_url
from lookalike.errors import JobEnded, JobUnknown
from lookalike.ledger import scripts
from lookalike.ledger.job import Job, JobState, parse_job
from lookalike.messages import decode_chunk, decode_rejected, encode_chunk, encode_rejected
from lookalike.records import Chunk, ModelIdentity, Outcome, Rejected
from lookalike.settings import plain_address

PREFIX = "lookalike:ledger:"
#: Answers of a ledger on the same machine take under a millisecond; a minute means it is gone.
TIMEOUT_S = 30.0


class Ledger:
    """Raises BrokerUnavailable when Redis is away, AccessDenied when it turns us down."""

    def __init__(self, broker_url: str) -> None:
        self._address = plain_address(broker_url)
        self._redis = redis.Redis.from_url(client_url(broker_url), socket_timeout=TIMEOUT_S)
        self._open_script = self._redis.register_script(scripts.OPEN)
        self._close_script = self._redis.register_script(scripts.CLOSE)
        self._drain_script = self._redis.register_script(scripts.DRAIN)
        self._end_script = self._redis.register_script(scripts.END)

    def ping(self) -> None:
        with self._translated():
            self._redis.ping()

    def open_job(self, *, source: str, index: str, index_address: str, model: ModelIdentity, spec: str) -> str:
        """Record a new job and return its id."""
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
            pipe.zadd(_key("jobs"), {job_id: now})
            pipe.execute()
        return job_id

    def open_chunk(self, chunk: Chunk) -> int:
        """Record a chunk as outstanding, before its message is sent; returns how many of the job's chunks are.

        Raises JobEnded if the job takes no more, for instance because a worker stopped it.
        """
        keys = [_key("job", chunk.job), _key("outstanding", chunk.job)]
        with self._translated():
            count = int(self._open_script(keys=keys, args=[chunk.id, encode_chunk(chunk), len(chunk.refs)]))
        if count < 0:
            raise JobEnded(chunk.job)
        return count

    def outstanding(self, job_id: str) -> int:
        """Chunks of the job that are queued or running."""
        with self._translated():
            return self._redis.hlen(_key("outstanding", job_id))

    def chunk(self, chunk_id: str) -> Chunk | None:
        """The chunk, or None if it is closed (or was never opened). Raises MessageInvalid."""
        with self._translated():
            payload = self._redis.hget(_key("outstanding", chunk_id.rpartition("/")[0]), chunk_id)
        return decode_chunk(chunk_id, cast(bytes, payload)) if payload is not None else None

    def close_chunk(self, chunk: Chunk, outcome: Outcome) -> bool:
        """Count a chunk, once however often it is closed. True if it was the job's last one."""
        rejections = [part for item in outcome.rejected for part in (item.uri, encode_rejected(item))]
        keys = [_key("job", chunk.job), _key("outstanding", chunk.job), _key("rejected", chunk.job)]
        arguments = [chunk.id, outcome.indexed, outcome.unchanged, *rejections]
        with self._translated():
            return bool(self._close_script(keys=keys, args=arguments) == b"last")

    def drain(self, job_id: str) -> bool:
        """All of the job's chunks are sent. True if none is outstanding any more."""
        keys = [_key("job", job_id), _key("outstanding", job_id)]
        with self._translated():
            return bool(self._drain_script(keys=keys) == b"finishing")

    def finish(self, job_id: str) -> None:
        self._end(job_id, JobState.FINISHED)

    def fail(self, job_id: str, why: str) -> None:
        """Stop a job for a reason a person must see; what is outstanding is dropped."""
        self._end(job_id, JobState.FAILED, why)

    def interrupt(self, job_id: str) -> None:
        """Stop a job because its producer was stopped; what is outstanding is dropped."""
        self._end(job_id, JobState.INTERRUPTED)

    def job(self, job_id: str) -> Job:
        """Raises JobUnknown."""
        with self._translated():
            fields = cast(dict[bytes, bytes], self._redis.hgetall(_key("job", job_id)))
        if not fields:
            raise JobUnknown(f"The ledger knows no job {job_id!r}.", "`lookalike status` lists the jobs.")
        return parse_job(job_id, fields)

    def jobs(self, limit: int = 20) -> list[Job]:
        """The latest jobs, newest first."""
        with self._translated():
            ids = cast(list[bytes], self._redis.zrevrange(_key("jobs"), 0, limit - 1))
        return [self.job(job_id.decode()) for job_id in ids]

    def rejected(self, job_id: str) -> Iterator[Rejected]:
        with self._translated():
            for _, payload in self._redis.hscan_iter(_key("rejected", job_id)):
                yield decode_rejected(payload)

    def close(self) -> None:
        self._redis.close()

    def _end(self, job_id: str, state: JobState, why: str = "") -> None:
        keys = [_key("job", job_id), _key("outstanding", job_id)]
        with self._translated():
            self._end_script(keys=keys, args=[state.value, repr(time.time()), why])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except redis.exceptions.RedisError as error:
            raise broker_error(error, self._address) from error


def _key(*parts: str) -> str:
    return PREFIX + ":".join(parts)

"""The chunks in the ledger: outstanding until they are closed, leased while a worker has them."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import orjson

from lookalike.errors import ChunkLeased, JobEnded
from lookalike.ledger import scripts
from lookalike.ledger.aside import Aside
from lookalike.ledger.connection import key
from lookalike.ledger.counters import HOST_TTL_S, ChunkTimings, increments
from lookalike.ledger.job import REASON
from lookalike.ledger.rejections import MOST_RECORDS
from lookalike.messages import (
    decode_chunk,
    decode_wait,
    encode_chunk,
    encode_references,
    encode_rejection,
    encode_wait,
)
from lookalike.records import Basis, Chunk, Outcome, Rejection, Wait

#: Seconds after which an unextended lease on a chunk ends. Short, because the chunk of a dead worker waits so long.
LEASE_S = 10
#: Chunks of one job that may be put aside before the producer pauses: each takes 0.5 to 15 KB of Redis' memory.
MOST_ASIDE = 20_000
#: A part of a chunk that was split; the parts that are put aside have longer numbers.
_OF_A_SPLIT = re.compile(r"\.\d{4}$")


class Claim(NamedTuple):
    """A leased chunk, the number of its attempts without an orderly end, this one included, and how long its images
    have waited for their host, if they were put aside."""

    chunk: Chunk
    attempt: int
    wait: Wait | None


class Chunks(Aside):
    """The part of the ledger that is about chunks."""

    def open_chunk(self, chunk: Chunk) -> int:
        """Record one chunk, as `open_chunks` does."""
        return self.open_chunks((chunk,))

    def open_chunks(self, chunks: Sequence[Chunk]) -> int:
        """Record chunks of one job as outstanding, all or none, before their messages are sent; returns the `backlog`.

        Raises JobEnded if the job accepts no more chunks, for example because a worker stopped it.
        """
        job_id = chunks[0].job
        keys = [key(name, job_id) for name in ("job", "outstanding", "opened", "waiting")]
        recorded = [part for chunk in chunks for part in (chunk.id, encode_chunk(chunk), len(chunk.refs))]
        with self._translated():
            count = int(self._run(scripts.OPEN, keys=keys, args=[repr(time.time()), MOST_ASIDE, *recorded]))
        if count < 0:
            raise JobEnded(job_id)
        return count

    def outstanding(self, job_id: str) -> int:
        """Number of chunks of the job that are queued or running."""
        with self._translated():
            return self._redis.hlen(key("outstanding", job_id))

    def in_work(self, job_id: str) -> int:
        """The same without those that were put aside."""
        return self.outstanding(job_id) - self.aside(job_id)

    def backlog(self, job_id: str) -> int:
        """What the producer bounds: the chunks in work, and those beyond MOST_ASIDE that were put aside."""
        return self.outstanding(job_id) - min(self.aside(job_id), MOST_ASIDE)

    def outstanding_ids(self, job_id: str) -> list[str]:
        """The ids of these chunks."""
        with self._translated():
            return [chunk_id.decode() for chunk_id in cast(list[bytes], self._redis.hkeys(key("outstanding", job_id)))]

    def oldest_opened_at(self, job_id: str) -> float | None:
        """When the oldest of these chunks was opened, in seconds since 1970; None if there are none."""
        with self._translated():
            first = cast(list[tuple[bytes, float]], self._redis.zrange(key("opened", job_id), 0, 0, withscores=True))
        return first[0][1] if first else None

    def unleased(self, job_id: str) -> list[str]:
        """Ids of outstanding chunks without a lease: they are queued, or their message or worker is lost. Those that
        were put aside are not sent yet."""
        ids = self.outstanding_ids(job_id)
        with self._translated(), self._redis.pipeline(transaction=False) as pipe:
            for chunk_id in ids:
                pipe.exists(key("lease", chunk_id))
                pipe.zscore(key("due"), chunk_id)
            answers = pipe.execute()
        held, due = answers[::2], answers[1::2]
        return [id for id, lease, time in zip(ids, held, due, strict=True) if not lease and time is None]

    def chunk(self, chunk_id: str) -> Chunk | None:
        """The chunk, or None if it is not outstanding. Raises MessageInvalid."""
        with self._translated():
            payload = self._redis.hget(key("outstanding", job_of(chunk_id)), chunk_id)
        return decode_chunk(chunk_id, cast(bytes, payload)) if payload is not None else None

    def claim(self, chunk_id: str) -> Claim | None:
        """Lease a chunk for LEASE_S. None if it is closed. Raises MessageInvalid, and ChunkLeased during another
        attempt."""
        keys = [*_work_keys(chunk_id, "counters"), key("waiting", job_of(chunk_id)), key("due")]
        with self._translated():
            # The part of a split chunk begins with one attempt: the failed one of the whole chunk.
            first_attempts = int(_OF_A_SPLIT.search(chunk_id) is not None)
            claimed = self._run(scripts.CLAIM, keys=keys, args=[chunk_id, LEASE_S, first_attempts])
        if claimed == b"held":
            raise ChunkLeased(chunk_id)
        if not claimed:
            return None
        references, attempt, *wait = claimed
        return Claim(decode_chunk(chunk_id, references), int(attempt), decode_wait(wait[0]) if wait else None)

    def extend_lease(self, chunk_id: str) -> None:
        """Extend the lease on a claimed chunk by LEASE_S from now."""
        with self._translated():
            self._redis.expire(key("lease", chunk_id), LEASE_S)

    def hold_end(self, finish_id: str) -> None:
        """Lease the task that ends a job for LEASE_S: it may take long. Raises ChunkLeased during another attempt."""
        with self._translated():
            is_ours = self._redis.set(key("lease", finish_id), "working", ex=LEASE_S, nx=True)
        if not is_ours:
            raise ChunkLeased(finish_id)

    def is_end_held(self, finish_id: str) -> bool:
        """Whether a worker is ending the job."""
        with self._translated():
            return bool(self._redis.exists(key("lease", finish_id)))

    def release_end(self, finish_id: str) -> None:
        """End the lease of `hold_end`."""
        with self._translated():
            self._redis.delete(key("lease", finish_id))

    def release(self, chunk_id: str, for_s: float, away: str = "service", why: str = "") -> None:
        """Return a chunk in order because the service `away` was; it is resent after `for_s` seconds.

        The attempt does not count. `why` is a sentence for people, which `returned` gives until the chunk is tried.
        """
        lasts_s = LEASE_S + round(for_s)
        with self._translated():
            keys = _work_keys(chunk_id, "counters")
            if self._run(scripts.RELEASE, keys=keys, args=[chunk_id, lasts_s, away]) and why:
                self._redis.set(key("returned", job_of(chunk_id)), why, ex=lasts_s)

    def returned(self, job_id: str) -> str:
        """Why a chunk of the job was returned a moment ago; empty if none was."""
        with self._translated():
            why = cast(bytes | None, self._redis.get(key("returned", job_id)))
        return (why or b"").decode(errors="replace")

    def end_leases(self, job_id: str) -> None:
        """Return the chunks of workers that have all ended by an outer cause; their attempts do not count."""
        for chunk_id in self.outstanding_ids(job_id):
            self.give_back(chunk_id)

    def give_back(self, chunk_id: str) -> None:
        """Return a chunk of a worker that ends by an outer cause; the attempt does not count."""
        with self._translated():
            self._run(scripts.END_LEASE, keys=_work_keys(chunk_id), args=[chunk_id])

    def split(self, chunk: Chunk, parts: Sequence[Chunk], attempts: int, wait: Wait | None = None) -> bool:
        """Replace a chunk by parts that begin with `attempts` attempts, and that were put aside as the chunk was. False
        if it was closed meanwhile."""
        pairs = [text for part in parts for text in (part.id, encode_chunk(part))]
        waits = encode_wait(wait, 1) if wait else ""
        with self._translated():
            keys = [*_work_keys(chunk.id), key("opened", chunk.job), key("waiting", chunk.job)]
            return bool(self._run(scripts.SPLIT, keys=keys, args=[chunk.id, attempts, waits, *pairs]))

    def record_timeout(self, chunk_id: str) -> None:
        """Record that the present attempt at a chunk exceeded the time limit."""
        job_id = job_of(chunk_id)
        with self._translated():
            if attempt := cast(bytes | None, self._redis.hget(key("attempts", job_id), chunk_id)):
                self._redis.hset(key("timeouts", job_id), chunk_id, attempt)
                self._redis.hincrby(key("counters"), "timed_out", 1)

    def has_timed_out(self, chunk_id: str, attempt: int) -> bool:
        """Whether this attempt was the last one that exceeded the time limit."""
        with self._translated():
            return self._redis.hget(key("timeouts", job_of(chunk_id)), chunk_id) == str(attempt).encode()

    def close_chunk(
        self, chunk: Chunk, outcome: Outcome, timings: ChunkTimings | None = None, *, place: str = ""
    ) -> bool:
        """Count a chunk, once even if it is closed repeatedly, record its rejections, and make chunks of the images
        that are put aside. True if it was the last one of the job.

        `timings` are added to the counters; None if no worker did the chunk. `place` is that of the job: there each
        image has one rejection at most, and an image that is indexed has none.
        """
        host, more = (timings.host, increments(outcome, timings)) if timings else ("", (b"{}", b"{}"))
        reasons = Counter(REASON + item.reason.value for item in outcome.rejected)
        further = orjson.dumps({**reasons, "still_rejected": outcome.still_rejected, "annotated": outcome.annotated})
        done = (chunk.id, outcome.indexed, outcome.unchanged, further)
        lists = (chunk.job, key("rejected", ""), MOST_RECORDS)
        further_lists = (chunk.origin, len(outcome.settled), len(outcome.aside), *outcome.settled, *_parts(outcome))
        arguments = [*done, host, repr(time.time()), HOST_TTL_S, *more, *lists, *further_lists]
        arguments += _rejections(chunk, outcome)
        with self._translated():
            return bool(self._run(scripts.CLOSE, keys=_close_keys(chunk, host, place), args=arguments) == b"last")

    def may_resend(self, chunk_id: str, within_s: int) -> bool:
        """True for one caller in `within_s` seconds, so that several reconcilers do not all send a message."""
        with self._translated():
            return bool(self._redis.set(key("resent", chunk_id), "1", nx=True, ex=within_s))


def _parts(outcome: Outcome) -> Iterator[str | bytes]:
    """References, why they wait, and the time when they are due, of every part that is put aside."""
    for part in outcome.aside:
        yield encode_references(part.refs)
        yield encode_wait(part.wait, len(part.refs))
        yield repr(time.time() + part.pause_s)


def job_of(chunk_id: str) -> str:
    """The job of a chunk id ("job/number")."""
    return chunk_id.rpartition("/")[0]


def _work_keys(chunk_id: str, *further: str) -> list[str]:
    job_id = job_of(chunk_id)
    return [key("outstanding", job_id), key("attempts", job_id), key("lease", chunk_id), *map(key, further)]


def _rejections(chunk: Chunk, outcome: Outcome) -> Iterator[str | bytes]:
    """Uri and payload of every rejection."""
    refs = {ref.uri: ref for ref in chunk.refs}
    for item in outcome.rejected:
        yield item.uri
        yield encode_rejection(Rejection(item, refs[item.uri], outcome.bases.get(item.uri, Basis())))


def _close_keys(chunk: Chunk, host: str, place: str) -> list[str]:
    first = [key(name, chunk.job) for name in ("job", "outstanding", "rejected", "attempts")]
    then = [key("lease", chunk.id), key("timeouts", chunk.job), key("opened", chunk.job)]
    last = [key("waiting", chunk.job), key("due")]
    return [*first, *then, key("counters"), key("hosts"), key("work", host), key("holders", place), *last]

"""The measured producer, as a program: it enqueues a list of references.

Imports only what a producer needs. Run as `python -m benchmarks.scale.produce BROKER_URL REFERENCES`; prints JSON.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence

import redis

from lookalike.ledger import Ledger
from lookalike.queue import KEY_PREFIX, QUEUE, make_app, send_chunks
from lookalike.records import ImageRef, Metric, ModelIdentity, Outcome
from lookalike_producer.enqueue import enqueue
from lookalike_producer.sources import find_images

MODEL = ModelIdentity(name="none", fingerprint="none", dimension=1, metric=Metric.COSINE)
#: The defaults of the settings.
CHUNK_SIZE = 64
LIMIT = 512


class Workers:
    """Replaces all workers: takes messages from the queue and closes their chunks. `seconds`: the time for this."""

    def __init__(self, broker_url: str, ledger: Ledger) -> None:
        self.sent: list[str] = []
        self.seconds = 0.0
        self._ledger = ledger
        self._redis = redis.Redis.from_url(broker_url)

    def work_off(self) -> None:
        began = time.perf_counter()
        self._redis.delete(KEY_PREFIX + QUEUE)
        while self.sent:
            chunk = self._ledger.chunk(self.sent.pop())
            if chunk:
                self._ledger.close_chunk(chunk, Outcome(indexed=len(chunk.refs), unchanged=0))
        self.seconds += time.perf_counter() - began


def main(broker_url: str, count: int, limit: int = LIMIT) -> dict[str, float]:
    """Enqueue a list of `count` paths. `seconds` does not include the time for `Workers`."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.writelines(f"/pictures/{number:09d}/image-{number:09d}.jpg\n" for number in range(count))
        listing.flush()
        return enqueued(broker_url, lambda: find_images([listing.name]), count, limit)


def enqueued(
    broker_url: str, references: Callable[[], Iterable[ImageRef]], count: int, limit: int = LIMIT
) -> dict[str, float]:
    """Enqueue `count` references. `seconds` does not include the time for `Workers`, `first_s` is until the first chunk
    is sent."""
    ledger, celery = Ledger(broker_url), make_app(broker_url)
    job_id = ledger.open_job(source="list", index="i", index_address="none", model=MODEL, spec="{}")
    workers = Workers(broker_url, ledger)
    sent_at: list[float] = []

    def send(chunk_ids: Sequence[str]) -> None:
        send_chunks(celery, chunk_ids)
        workers.sent += chunk_ids
        if not sent_at:
            sent_at.append(time.perf_counter())

    began = time.perf_counter()
    enqueue(
        references(), job_id, ledger=ledger, send=send, chunk_size=CHUNK_SIZE, limit=limit, waiting=workers.work_off
    )
    seconds = time.perf_counter() - began - workers.seconds
    assert ledger.job(job_id).found == count
    return {"seconds": seconds, "first_s": sent_at[0] - began, "peak_mib": _peak_mib()}


def _peak_mib() -> float:
    """Peak memory since the start of this program. `getrusage` would include the parent's peak."""
    with open("/proc/self/status") as status:
        kib = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(kib) / 1024


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))

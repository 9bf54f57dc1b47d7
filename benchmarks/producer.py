"""The producer's memory: a list of a million lines against one of a thousand."""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.table import console
from lookalike.ledger import Ledger
from lookalike.queue import make_app, send_chunk
from lookalike.records import Metric, ModelIdentity, Outcome
from producer.enqueue import enqueue
from producer.sources import find_images
from tests.services.redis import RedisServer

LINES = (1_000, 1_000_000)
MODEL = ModelIdentity(name="none", fingerprint="none", dimension=1, metric=Metric.COSINE)
CHUNK_SIZE = 64
LIMIT = 512


def main() -> None:
    with RedisServer() as server:
        runs = {lines: _run(server.url, lines) for lines in LINES}
    for lines, run in runs.items():
        rate = lines / run["seconds"]
        console.print(f"producer, {lines:>9,} lines: peak {run['peak_mib']:.1f} MiB, {rate:,.0f} references/s")
    few, many = (runs[lines]["peak_mib"] for lines in LINES)
    console.print(f"difference: {many - few:.1f} MiB (to be within 50)\n")


def _run(broker_url: str, lines: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.producer", broker_url, str(lines)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return answer


def produce(broker_url: str, lines: int) -> None:
    """Enqueue a list of `lines` paths; the queue is worked off by closing chunks, with no worker in the way."""
    import time

    ledger, celery = Ledger(broker_url), make_app(broker_url)
    job_id = ledger.open_job(source="list", index="i", index_address="none", model=MODEL, spec="{}")
    sent: list[str] = []

    def send(chunk_id: str) -> None:
        send_chunk(celery, chunk_id)
        sent.append(chunk_id)

    def work_off() -> None:
        while sent:
            chunk = ledger.chunk(sent.pop())
            if chunk:
                ledger.close_chunk(chunk, Outcome(indexed=len(chunk.refs), unchanged=0))

    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.writelines(f"/pictures/{number:09d}/image-{number:09d}.jpg\n" for number in range(lines))
        listing.flush()
        began = time.perf_counter()
        references = find_images([str(Path(listing.name))])
        enqueue(references, job_id, ledger=ledger, send=send, chunk_size=CHUNK_SIZE, limit=LIMIT, waiting=work_off)
        seconds = time.perf_counter() - began
    assert ledger.job(job_id).found == lines
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"peak_mib": peak_kib / 1024, "seconds": seconds}))


if __name__ == "__main__":
    produce(sys.argv[1], int(sys.argv[2]))

"""The producer with more and more references: its rate, its memory, the memory of Redis, and the memory per chunk."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import redis

from benchmarks.scale import produce
from testing.services.redis import RedisServer

#: Lists longer than this are enqueued in one round only.
MOST_REPEATED = 1_000_000
#: Chunks that stay outstanding, to measure the memory of one.
OUTSTANDING = 2_000


@dataclass(frozen=True)
class Produced:
    """One enqueued list. The two peaks are those of the producer's process and of Redis."""

    rate: float
    peak_mib: float
    broker_peak_mib: float


Runs = dict[int, list[Produced]]


def measured(counts: Sequence[int], rounds: int) -> Runs:
    """Measure each count in a new process with a new Redis, round by round. Raises ServiceMissing, StartFailed."""
    runs: Runs = {count: [] for count in counts}
    for number in range(rounds):
        for count, produced in runs.items():
            if number == 0 or count <= MOST_REPEATED:
                produced.append(_run(count))
    return runs


def _run(count: int) -> Produced:
    with RedisServer() as server:
        command = [sys.executable, "-m", "benchmarks.scale.produce", server.url, str(count)]
        answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        broker_peak_mib = _memory(server.url, "used_memory_peak") / 2**20
    return Produced(count / answer["seconds"], answer["peak_mib"], broker_peak_mib)


def chunk_bytes() -> float:
    """Memory of Redis for one outstanding chunk and its message. Raises ServiceMissing, StartFailed."""
    with RedisServer() as server:
        # A first job, so that memory that every Redis with a job uses is not counted.
        produce.main(server.url, produce.CHUNK_SIZE)
        before = _memory(server.url, "used_memory")
        produce.main(server.url, OUTSTANDING * produce.CHUNK_SIZE, limit=OUTSTANDING + 1)
        return (_memory(server.url, "used_memory") - before) / OUTSTANDING


def _memory(url: str, field: str) -> int:
    with redis.Redis.from_url(url) as client:
        answer: dict[str, int] = client.info("memory")
    return answer[field]

"""Workers on several hosts with their own addresses: the rate by number of hosts, and a job with failing hosts."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.scale.waiting_workers import CHUNK_SIZE, IMAGE_S, Samples, WaitingWorkers, slope_between
from benchmarks.scale.workers import Runs, drawn_images, rate
from lookalike.ledger import Job
from lookalike.records import ImageRef
from testing.proxy import Proxy
from testing.services.hosts import Hosts
from testing.services.opensearch import OpenSearchServer
from testing.services.redis import RedisServer

#: In the job with failures: one host is healthy, one is slow, one loses its network for a while, one is killed.
HEALTHY, SLOW, CUT, DEAD = NAMES = ("worker1", "worker2", "worker3", "worker4")
#: The model of the slow host takes this many times longer.
SLOWNESS = 5
#: Expected seconds of work before the failures, and after the network is back.
BEFORE_S, AFTER_S = 20.0, 40.0
PARTITION_S = 60.0
#: Chunks per host before the measurement; the first one loads the model.
WARM_CHUNKS = 2
#: A rate is measured between these shares of a phase, because hosts need time to notice a change.
STEADY = (0.25, 1.0)


@dataclass(frozen=True)
class Phase:
    """A phase of the job: the expected and the measured images per second of its hosts."""

    name: str
    expected: float
    measured: float


@dataclass(frozen=True)
class FailureRun:
    """The ended job with failing hosts. `documents`: how many it wrote."""

    job: Job
    documents: int
    seconds: float
    phases: tuple[Phase, ...]


@dataclass(frozen=True)
class Place:
    """Hosts, and the URLs at which they reach the services."""

    hosts: Hosts
    broker_url: str
    index_url: str


@contextmanager
def opened(names: Sequence[str], broker_url: str, index_url: str) -> Iterator[Place]:
    """Start hosts with these names, and proxies to the services on our loopback interface. Raises ServiceMissing."""
    with Hosts(names) as hosts:
        broker, index = urlsplit(broker_url), urlsplit(index_url)
        with (
            Proxy("127.0.0.1", broker.port or 0, hosts.address) as to_broker,
            Proxy("127.0.0.1", index.port or 0, hosts.address) as to_index,
        ):
            there = (f"{hosts.address}:{proxy.port}" for proxy in (to_broker, to_index))
            yield Place(hosts, f"redis://{next(there)}{broker.path}", f"http://{next(there)}")


def measured(counts: Sequence[int], rounds: int, job_s: float) -> tuple[Runs, FailureRun]:
    """Measure each number of hosts, round by round, then the job with failures. Raises ServiceMissing, StartFailed."""
    names = [f"worker{number}" for number in range(1, max(*counts, len(NAMES)) + 1)]
    with (
        OpenSearchServer() as server,
        RedisServer() as broker,
        tempfile.TemporaryDirectory() as temporary,
        opened(names, broker.url, server.url) as place,
    ):
        return _rates(place, counts, rounds, job_s, Path(temporary)), failure_run(place, Path(temporary, "failures"))


def _rates(place: Place, counts: Sequence[int], rounds: int, job_s: float, folder: Path) -> Runs:
    warm, timed = WARM_CHUNKS * CHUNK_SIZE, round(job_s / IMAGE_S)
    images = drawn_images(folder / "pictures", max(counts) * (warm + timed))
    runs: Runs = {count: [] for count in counts}
    for number in range(rounds):
        for count, rates in runs.items():
            at = folder / f"{number}-{count}"
            with WaitingWorkers(place.broker_url, place.index_url, at, count, place.hosts.command) as pool:
                rates.append(rate(pool, images, count * warm, count * timed))
    return runs


def failure_run(
    place: Place,
    folder: Path,
    before_s: float = BEFORE_S,
    partition_s: float = PARTITION_S,
    after_s: float = AFTER_S,
) -> FailureRun:
    """Run one job on four hosts. One is slow; later one is killed, and one loses its network for a while."""
    lasts = {"all four hosts": before_s, "one dead, one cut off": partition_s, "one dead, one connected again": after_s}
    hosts = ((HEALTHY, SLOW, CUT, DEAD), (HEALTHY, SLOW), (HEALTHY, SLOW, CUT))
    expected = [sum(_rate_of(name) for name in there) for there in hosts]
    images = [round(rate * last) for rate, last in zip(expected, lasts.values(), strict=True)]
    warm = len(NAMES) * WARM_CHUNKS * CHUNK_SIZE
    references = drawn_images(folder / "pictures", warm + sum(images))

    def wrapped(name: str, command: list[str]) -> list[str]:
        slowed = ["env", f"SCALE_IMAGE_S={SLOWNESS * IMAGE_S}", *command] if name == SLOW else command
        return place.hosts.command(name, slowed)

    with WaitingWorkers(place.broker_url, place.index_url, folder / "pool", len(NAMES), wrapped) as pool:
        pool.ingest(references[:warm])
        schedule = Schedule(pool, place.hosts, images[0], partition_s)
        job, samples = _work(pool, references[warm:], schedule)
        documents = pool.documents() - warm
    changes = [samples[0][0], *schedule.changes, samples[-1][0]]
    rates = [_steady(samples, begin, end) for begin, end in pairwise(changes)]
    phases = tuple(map(Phase, lasts, expected, rates))
    return FailureRun(job, documents, samples[-1][0] - samples[0][0], phases)


class Schedule:
    """Injects the failures. Called repeatedly with the state of the job. `changes`: when the hosts changed."""

    def __init__(self, pool: WaitingWorkers, hosts: Hosts, done_before: int, partition_s: float) -> None:
        self.changes: list[float] = []
        self._pool = pool
        self._hosts = hosts
        self._done_before = done_before
        self._partition_s = partition_s

    def __call__(self, job: Job) -> None:
        now = time.monotonic()
        if not self.changes and job.done >= self._done_before and self._pool.is_busy(job):
            self._fail()
        elif len(self.changes) == 1 and now >= self.changes[0] + self._partition_s:
            self._hosts.mend(CUT)
            self.changes.append(now)

    def _fail(self) -> None:
        for name in (CUT, DEAD):
            self._hosts.cut(name)
        # After its network is cut, so that no service sees the end of its connections.
        self._pool.workers.abandon(DEAD)
        self.changes.append(time.monotonic())


def _work(pool: WaitingWorkers, references: Sequence[ImageRef], schedule: Schedule) -> tuple[Job, Samples]:
    job, samples = pool.work(references, schedule)
    assert len(schedule.changes) == 2, "the job ended before the network was back"
    return job, samples


def _rate_of(name: str) -> float:
    return 1 / (IMAGE_S * (SLOWNESS if name == SLOW else 1))


def _steady(samples: Samples, begin: float, end: float) -> float:
    first, last = (begin + share * (end - begin) for share in STEADY)
    return slope_between(samples, first, last)

"""Worker hosts with their own addresses: the rate by number of hosts, and a day on which several of them fail."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.scale.crew import CHUNK_SIZE, IMAGE_S, Crew, Samples, slope_between
from benchmarks.scale.workers import Runs, drawn_images, rate
from lookalike.ledger import Job
from lookalike.records import ImageRef
from testing.proxy import Proxy
from testing.services.hosts import Hosts
from testing.services.opensearch import OpenSearchServer
from testing.services.redis import RedisServer

#: On the bad day: one host stays sound, one is slow from the beginning, one is cut off, one dies.
SOUND, SLOW, CUT, DEAD = NAMES = ("worker1", "worker2", "worker3", "worker4")
#: The slow host's model takes so many times longer.
SLOWNESS = 5
#: Seconds before the day turns bad, and after the cable is back, that the job lasts if all goes as it should.
BEFORE_S, AFTER_S = 20.0, 40.0
PARTITION_S = 60.0
#: Chunks for each host before the day begins: the first one loads the model.
WARM_CHUNKS = 2
#: A rate is that between these shares of a stretch of the day: a host must first notice.
STEADY = (0.25, 1.0)


@dataclass(frozen=True)
class Stretch:
    """A part of the day: the expected and the measured images per second of its hosts."""

    name: str
    expected: float
    measured: float


@dataclass(frozen=True)
class BadDay:
    """The ended job, its time and its rates. `documents`: how many it wrote."""

    job: Job
    documents: int
    seconds: float
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Place:
    """Hosts, and the URLs of the services for them."""

    hosts: Hosts
    broker_url: str
    index_url: str


@contextmanager
def opened(names: Sequence[str], broker_url: str, index_url: str) -> Iterator[Place]:
    """Hosts with these names, and proxies that let them reach services on our loopback. Raises ServiceMissing."""
    with Hosts(names) as hosts:
        broker, index = urlsplit(broker_url), urlsplit(index_url)
        with (
            Proxy("127.0.0.1", broker.port or 0, hosts.address) as to_broker,
            Proxy("127.0.0.1", index.port or 0, hosts.address) as to_index,
        ):
            there = (f"{hosts.address}:{proxy.port}" for proxy in (to_broker, to_index))
            yield Place(hosts, f"redis://{next(there)}{broker.path}", f"http://{next(there)}")


def measured(counts: Sequence[int], rounds: int, job_s: float) -> tuple[Runs, BadDay]:
    """Measure each number of hosts, round by round, then the bad day. Raises ServiceMissing, StartFailed."""
    names = [f"worker{number}" for number in range(1, max(*counts, len(NAMES)) + 1)]
    with (
        OpenSearchServer() as server,
        RedisServer() as broker,
        tempfile.TemporaryDirectory() as temporary,
        opened(names, broker.url, server.url) as place,
    ):
        return _rates(place, counts, rounds, job_s, Path(temporary)), bad_day(place, Path(temporary, "bad"))


def _rates(place: Place, counts: Sequence[int], rounds: int, job_s: float, folder: Path) -> Runs:
    warm, timed = WARM_CHUNKS * CHUNK_SIZE, round(job_s / IMAGE_S)
    images = drawn_images(folder / "pictures", max(counts) * (warm + timed))
    runs: Runs = {count: [] for count in counts}
    for number in range(rounds):
        for count, rates in runs.items():
            at = folder / f"{number}-{count}"
            with Crew(place.broker_url, place.index_url, at, count, place.hosts.command) as crew:
                rates.append(rate(crew, images, count * warm, count * timed))
    return runs


def bad_day(
    place: Place,
    folder: Path,
    before_s: float = BEFORE_S,
    partition_s: float = PARTITION_S,
    after_s: float = AFTER_S,
) -> BadDay:
    """One job on four hosts. One is slow; later one dies, and one loses its network for a while."""
    lasts = {"all four hosts": before_s, "one dead, one cut off": partition_s, "one dead, one connected again": after_s}
    hosts = ((SOUND, SLOW, CUT, DEAD), (SOUND, SLOW), (SOUND, SLOW, CUT))
    expected = [sum(_rate_of(name) for name in there) for there in hosts]
    images = [round(rate * last) for rate, last in zip(expected, lasts.values(), strict=True)]
    warm = len(NAMES) * WARM_CHUNKS * CHUNK_SIZE
    references = drawn_images(folder / "pictures", warm + sum(images))

    def wrapped(name: str, command: list[str]) -> list[str]:
        slowed = ["env", f"SCALE_IMAGE_S={SLOWNESS * IMAGE_S}", *command] if name == SLOW else command
        return place.hosts.command(name, slowed)

    with Crew(place.broker_url, place.index_url, folder / "crew", len(NAMES), wrapped) as crew:
        crew.ingest(references[:warm])
        course = Course(crew, place.hosts, images[0], partition_s)
        job, samples = _work(crew, references[warm:], course)
        documents = crew.documents() - warm
    turns = [samples[0][0], *course.turns, samples[-1][0]]
    rates = [_steady(samples, begin, end) for begin, end in pairwise(turns)]
    stretches = tuple(map(Stretch, lasts, expected, rates))
    return BadDay(job, documents, samples[-1][0] - samples[0][0], stretches)


class Course:
    """The events of the day. Called repeatedly with the state of the job."""

    def __init__(self, crew: Crew, hosts: Hosts, done_before: int, partition_s: float) -> None:
        self.turns: list[float] = []
        self._crew = crew
        self._hosts = hosts
        self._done_before = done_before
        self._partition_s = partition_s

    def __call__(self, job: Job) -> None:
        now = time.monotonic()
        if not self.turns and job.done >= self._done_before:
            self._turn_bad()
        elif len(self.turns) == 1 and now >= self.turns[0] + self._partition_s:
            self._hosts.mend(CUT)
            self.turns.append(now)

    def _turn_bad(self) -> None:
        for name in (CUT, DEAD):
            self._hosts.cut(name)
        # Its cable first, so that nobody is told that its connections end.
        self._crew.workers.abandon(DEAD)
        self.turns.append(time.monotonic())


def _work(crew: Crew, references: Sequence[ImageRef], course: Course) -> tuple[Job, Samples]:
    job, samples = crew.work(references, course)
    assert len(course.turns) == 2, "the job ended before the cable was back"
    return job, samples


def _rate_of(name: str) -> float:
    return 1 / (IMAGE_S * (SLOWNESS if name == SLOW else 1))


def _steady(samples: Samples, begin: float, end: float) -> float:
    first, last = (begin + share * (end - begin) for share in STEADY)
    return slope_between(samples, first, last)

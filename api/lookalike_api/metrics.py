"""What Prometheus is told: how long stages take and, asked for at the scrape, the state of index, queue and jobs, and
what the workers have done. Those are many short-lived processes; their sums are in the ledger."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from lookalike.errors import LookalikeError
from lookalike.index import Index
from lookalike.ledger import Counters, Job, JobState, Ledger
from lookalike.queue import queued_count
from lookalike.records import Reason
from lookalike_api.admission import Room

#: Seconds; fine where searches are, coarse where something is wrong.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: Images of the jobs that are told one by one; older ones are history.
JOBS = 20
#: Of a chunk in a worker; waiting for an index that is away is in those that ask it.
INGEST_STAGES = ("look_up", "read", "decode", "embed", "bulk")
#: The names that errors give what they miss.
SERVICES = ("index", "broker", "source", "model process")


class Metrics:
    """The numbers of one app, in a registry of its own. `ledger` and `broker_url` are None where there is no broker."""

    def __init__(self, index: Index, searches: Room, ledger: Ledger | None, broker_url: str | None) -> None:
        self._registry = CollectorRegistry()
        self._stages = Histogram(
            "lookalike_stage_seconds", "Stages of a search.", ["stage"], buckets=BUCKETS, registry=self._registry
        )
        self._answers = Counter("lookalike_answers", "Answers.", ["method", "route", "status"], registry=self._registry)
        under_way = Gauge("lookalike_searches_in_progress", "Searches under way.", registry=self._registry)
        under_way.set_function(lambda: searches.units - searches.free)
        self._registry.register(IndexCollector(index))
        if ledger is not None and broker_url is not None:
            self._registry.register(JobCollector(ledger, broker_url))

    def observe(self, stage: str, seconds: float) -> None:
        self._stages.labels(stage).observe(seconds)

    def count(self, method: str, route: str, status: int) -> None:
        self._answers.labels(method, route, str(status)).inc()

    def text(self) -> bytes:
        """In Prometheus' format, version 0.0.4; asks index and broker, so not for the event loop."""
        return generate_latest(self._registry)


class IndexCollector:
    """The index at the moment of the scrape; without its numbers while it is away."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        documents = None
        with suppress(LookalikeError):
            documents = self._index.count()
        yield GaugeMetricFamily("lookalike_index_up", "Whether the index answers.", float(documents is not None))
        if documents is not None:
            yield GaugeMetricFamily("lookalike_index_documents", "Documents visible to a search.", documents)


class JobCollector:
    """Queue and jobs at the moment of the scrape; without their numbers while the broker is away."""

    def __init__(self, ledger: Ledger, broker_url: str) -> None:
        self._ledger = ledger
        self._broker_url = broker_url

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        families: list[Metric] = []
        with suppress(LookalikeError):
            families = [*self._queue(), *self._jobs(), *_done(self._ledger.counters())]
        yield GaugeMetricFamily("lookalike_broker_up", "Whether the broker answers.", float(bool(families)))
        yield from families

    def _queue(self) -> Iterator[Metric]:
        jobs = [job.id for job in self._ledger.active_jobs()]
        outstanding = sum(self._ledger.outstanding(job) for job in jobs)
        opened = [oldest for job in jobs if (oldest := self._ledger.oldest(job)) is not None]
        age_s = max(0.0, time.time() - min(opened)) if opened else 0.0
        yield GaugeMetricFamily("lookalike_queue_messages", "Messages waiting.", queued_count(self._broker_url))
        yield GaugeMetricFamily("lookalike_chunks_outstanding", "Chunks queued or in work.", outstanding)
        yield GaugeMetricFamily("lookalike_oldest_chunk_seconds", "Since the oldest of them was opened.", age_s)
        yield GaugeMetricFamily("lookalike_workers", "Workers that are there.", self._ledger.worker_count())

    def _jobs(self) -> Iterator[Metric]:
        jobs = self._ledger.jobs(JOBS)
        states = GaugeMetricFamily("lookalike_jobs", "The latest jobs by state.", labels=["state"])
        for state in JobState:
            states.add_metric([state.value], sum(job.state is state for job in jobs))
        images = GaugeMetricFamily("lookalike_job_images", "Images of the latest jobs.", labels=["job", "outcome"])
        for job in jobs:
            for outcome, number in _outcomes(job).items():
                images.add_metric([job.id, outcome], number)
        yield from (states, images)


def _done(counters: Counters) -> Iterator[Metric]:
    """What the workers have done since the ledger began."""
    images = CounterMetricFamily("lookalike_ingested_images", "Images done.", labels=["host", "outcome"])
    chunks = CounterMetricFamily("lookalike_closed_chunks", "Chunks done.", labels=["host"])
    for host, work in counters.hosts.items():
        chunks.add_metric([host], work.get("chunks", 0))
        for outcome in ("indexed", "unchanged", "rejected"):
            images.add_metric([host, outcome], work.get(outcome, 0))
    yield from (images, chunks)
    # All labels from the start: the first rejection of its kind would otherwise be no increase.
    reasons = {reason.value: 0.0 for reason in Reason} | counters.rejected
    yield _labelled("lookalike_rejected_images", "Images rejected.", "reason", reasons)
    stages = dict.fromkeys(INGEST_STAGES, 0.0) | counters.seconds
    yield _labelled("lookalike_ingest_stage_seconds", "Time that stages of chunks took.", "stage", stages)
    away = dict.fromkeys(SERVICES, 0.0) | counters.away
    yield _labelled("lookalike_chunk_retries", "Chunks given back because a service was away.", "service", away)
    yield CounterMetricFamily("lookalike_resent_messages", "Messages lost and sent again.", counters.resent)
    yield CounterMetricFamily("lookalike_lost_attempts", "Attempts that ended with their process.", counters.lost)
    yield CounterMetricFamily("lookalike_timeouts", "Those of them that took too long.", counters.timed_out)


def _labelled(name: str, help: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, help, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _outcomes(job: Job) -> dict[str, int]:
    counted = {"found": job.found, "indexed": job.indexed, "unchanged": job.unchanged, "rejected": job.rejected}
    return counted | {"resent": job.resent}

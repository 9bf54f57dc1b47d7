"""Metrics for Prometheus: responses, the stages of searches and, read at each scrape, the state of index, queue and
jobs and the workers' totals. Workers are many short-lived processes, so their totals are in the ledger."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from http import HTTPMethod

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike.errors import LookalikeError
from lookalike.index import Index
from lookalike.ledger import Counters, Job, JobState, Ledger
from lookalike.messages import MessageInvalid
from lookalike.queue import queued_count
from lookalike.records import Reason
from lookalike_api.admission import Capacity

logger = logging.getLogger(__name__)

#: Seconds; fine in the normal range of a search, coarse above it.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: The latest jobs that have series of their own.
JOBS = 20
#: Of a chunk in a worker; the stages that query the index include waiting for an index that is away.
INGEST_STAGES = ("look_up", "read", "fetch", "decode", "embed", "bulk")
#: The values of `Unavailable.service`.
SERVICES = ("index", "broker", "source", "model process")


class Metrics:
    """The metrics of one app, in a registry of its own. `ledger` and `broker_url` are None without a broker."""

    def __init__(self, index: Index, searches: Capacity, ledger: Ledger | None, broker_url: str | None) -> None:
        self._registry = CollectorRegistry()
        self._stages = Histogram(
            "lookalike_stage_seconds",
            "Seconds that the stages of searches took.",
            ["stage"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._responses = Counter(
            "lookalike_answers", "Answers of the service.", ["method", "route", "status"], registry=self._registry
        )
        in_progress = Gauge("lookalike_searches_in_progress", "Searches that are running now.", registry=self._registry)
        in_progress.set_function(lambda: searches.total - searches.free)
        self._registry.register(IndexCollector(index))
        if ledger is not None and broker_url is not None:
            self._registry.register(JobCollector(ledger, broker_url))

    def observe(self, stage: str, seconds: float) -> None:
        self._stages.labels(stage).observe(seconds)

    def count_response(self, method: str, route: str, status: int) -> None:
        self._responses.labels(method, route, str(status)).inc()

    def render(self) -> bytes:
        """All metrics in Prometheus' text format, version 0.0.4. Queries the index and the broker, so it blocks."""
        return generate_latest(self._registry)


class ResponseCounter:
    """Middleware that counts responses by route and status. A route is counted under its pattern, and an unknown method
    as "other", because a client can make up paths and methods without end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                metrics: Metrics = scope["state"]["metrics"]
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in HTTPMethod.__members__ else "other"
                metrics.count_response(method, route, message["status"])
            await send(message)

        await self._app(scope, receive, send_counted)


class IndexCollector:
    """The state of the index at the scrape; only `lookalike_index_up` while it is away."""

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
    """The state of the queue and the jobs at the scrape; only `lookalike_broker_up` while the broker is away."""

    def __init__(self, ledger: Ledger, broker_url: str) -> None:
        self._ledger = ledger
        self._broker_url = broker_url

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        families: list[Metric] = []
        is_up = True
        # One by one: a record that another program has written must not hide the others.
        for part in (self._queue, self._jobs, self._totals):
            try:
                families += part()
            except MessageInvalid as error:
                logger.warning("Not in the metrics: %s", " ".join(str(error).split()))
            except LookalikeError:
                is_up = False
        yield GaugeMetricFamily("lookalike_broker_up", "Whether the broker answers.", float(is_up))
        yield from families if is_up else ()

    def _queue(self) -> Iterator[Metric]:
        outstanding, waiting, opened = 0, 0, []
        for job in self._ledger.active_jobs():
            with suppress(MessageInvalid):
                outstanding += self._ledger.outstanding(job.id)
                waiting += sum(item.images for item in self._ledger.waiting(job.id))
                oldest = self._ledger.oldest_opened_at(job.id)
                opened += [oldest] if oldest is not None else []
        age_s = max(0.0, time.time() - min(opened)) if opened else 0.0
        yield GaugeMetricFamily(
            "lookalike_queue_messages", "Messages that wait in the queue.", queued_count(self._broker_url)
        )
        yield GaugeMetricFamily("lookalike_chunks_outstanding", "Chunks queued or being processed.", outstanding)
        yield GaugeMetricFamily("lookalike_waiting_images", "Images whose host is slow or away.", waiting)
        yield GaugeMetricFamily(
            "lookalike_oldest_chunk_seconds",
            "Seconds since the oldest outstanding chunk was opened; 0 without one.",
            age_s,
        )
        yield GaugeMetricFamily("lookalike_workers", "Workers that are running.", self._ledger.worker_count())

    def _totals(self) -> Iterator[Metric]:
        return _worker_totals(self._ledger.counters())

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


def _worker_totals(counters: Counters) -> Iterator[Metric]:
    """What the workers have done since the ledger was created."""
    images = CounterMetricFamily(
        "lookalike_ingested_images", "Images that workers have processed.", labels=["host", "outcome"]
    )
    chunks = CounterMetricFamily("lookalike_closed_chunks", "Chunks that workers have processed.", labels=["host"])
    for host, work in counters.hosts.items():
        chunks.add_metric([host], work.get("chunks", 0))
        for outcome in ("indexed", "unchanged", "rejected"):
            images.add_metric([host, outcome], work.get(outcome, 0))
    yield from (images, chunks)
    # Every label from the start: Prometheus does not count a series' first value as an increase.
    reasons = {reason.value: 0.0 for reason in Reason} | counters.rejected
    yield _labelled("lookalike_rejected_images", "Images that workers have rejected.", "reason", reasons)
    stages = dict.fromkeys(INGEST_STAGES, 0.0) | counters.seconds
    yield _labelled("lookalike_ingest_stage_seconds", "Seconds spent in the stages of chunks.", "stage", stages)
    away = dict.fromkeys(SERVICES, 0.0) | counters.away
    yield _labelled(
        "lookalike_chunk_retries", "Chunks returned to the queue because a service was away.", "service", away
    )
    yield CounterMetricFamily("lookalike_resent_messages", "Messages that were lost and sent again.", counters.resent)
    yield CounterMetricFamily(
        "lookalike_lost_attempts", "Attempts that ended because their process died.", counters.lost
    )
    yield CounterMetricFamily(
        "lookalike_timeouts", "Attempts that exceeded the time limit; they are among the lost ones.", counters.timed_out
    )


def _labelled(name: str, help: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, help, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _outcomes(job: Job) -> dict[str, int]:
    counted = {"found": job.found, "indexed": job.indexed, "unchanged": job.unchanged, "rejected": job.rejected}
    return counted | {"resent": job.resent}

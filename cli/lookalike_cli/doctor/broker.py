"""Checks of the broker, its queue and its workers."""

import time
from collections import Counter
from collections.abc import Iterator

from lookalike.broker import broker_location
from lookalike.broker_health import BrokerHealth, check_broker, read_health
from lookalike.embedded.redis_server import broker_url, find_redis_server
from lookalike.errors import LookalikeError
from lookalike.ledger import Ledger
from lookalike.plural import counted
from lookalike.preflight import broker_diagnostics
from lookalike.queue import make_app, queued_count
from lookalike.records import Diagnostic
from lookalike.settings import Settings
from lookalike.workers import consuming_workers, process_counts, workers_here
from lookalike_cli.doctor.finding import Finding, warnings


def broker(settings: Settings) -> Iterator[Finding]:
    url = _address(settings)
    if url is None:
        server = find_redis_server(settings.home)
        name = "Valkey" if server.is_valkey else "Redis"
        yield Finding("broker", True, f"embedded {name} {server.version} ({server.path}), starts on demand")
        return
    found = read_health(url)
    concerns = check_broker(found)
    yield Finding("broker", True, _detail(found))
    yield from warnings("broker", concerns)


def queue(settings: Settings) -> Iterator[Finding]:
    url = running_broker(settings)
    if url is None:
        return
    ledger = Ledger(url)
    jobs = ledger.active_jobs()
    outstanding = sum(ledger.outstanding(job.id) for job in jobs)
    detail = f"{queued_count(url):,} messages queued; {outstanding:,} chunks of {len(jobs)} jobs outstanding"
    if jobs:
        detail += f", the oldest job runs for {(time.time() - min(job.started_at for job in jobs)) / 60:,.0f} minutes"
    yield Finding("queue", None, detail)


def workers(settings: Settings) -> Iterator[Finding]:
    url = running_broker(settings)
    if url is None:
        yield Finding("workers", None, "none running; `lookalike ingest` starts one, `lookalike up` keeps one")
        return
    app = make_app(url)
    names = consuming_workers(app)
    counts = process_counts(app, names)
    described = ", ".join(f"{name} ({_processes(counts.get(name))})" for name in dict.fromkeys(names))
    yield Finding("workers", bool(names), described or "none is consuming", "Start one: `lookalike worker`.")
    yield from warnings("workers", _shared_names(names))


def _shared_names(names: list[str]) -> Iterator[Diagnostic]:
    for name, count in Counter(names).items():
        if count > 1:
            what = f"{count} workers are called {name}: Flower and the metrics show one of them."
            yield Diagnostic(what, "Start them with other names (--name), or without names.")


def _processes(count: int | None) -> str:
    return "? processes" if count is None else counted(count, "process", "processes")


def worker(settings: Settings) -> Iterator[Finding]:
    url = _address(settings)
    if url is not None:
        # Fail fast: Celery retries for longer than a health check may take.
        Ledger(url).ping()
    ours = workers_here(make_app(url)) if url else []
    yield Finding("worker", bool(ours), ", ".join(ours) or "none on this host is consuming", "Restart it.")


def running_broker(settings: Settings) -> str | None:
    """The URL of the configured broker, or of the embedded one if it runs.

    Raises the same error as `broker` for a broken one, so that it is reported once.
    """
    url = _address(settings)
    if url is not None:
        broker_diagnostics(url)
    return url


def _address(settings: Settings) -> str | None:
    if (given := broker_location(settings)) is not None:
        return given
    url = broker_url(settings.home)
    try:
        Ledger(url).ping()
    except LookalikeError:
        return None
    return url


def _detail(found: BrokerHealth) -> str:
    info = found.info
    if not info:
        return f"{found.address} is reachable"
    most = f" of {info['maxmemory'] / 2**20:,.0f} MiB" if info.get("maxmemory") else ""
    persistence = "append-only file" if info.get("aof_enabled") else "no append-only file"
    memory = f"{info.get('used_memory', 0) / 2**20:,.1f} MiB{most} used"
    return f"{found.address}: Redis {found.version}, {memory}, {persistence}, clock {found.skew_s:+.1f} s"

"""The workers that consume the queue, as they report themselves through Celery's remote control."""

import socket
from collections.abc import Sequence

from celery import Celery

from lookalike.queue import QUEUE, translated

#: A healthy worker answers in milliseconds.
ANSWER_TIMEOUT_S = 2.0


def consuming_workers(app: Celery, timeout_s: float = ANSWER_TIMEOUT_S) -> list[str]:
    """Names of the workers that consume our queue.

    Not `ping`: a worker can answer it and still consume nothing (https://github.com/apache/airflow/issues/63580).
    Raises BrokerUnavailable, AccessDenied.
    """
    with translated(app):
        answers = app.control.inspect(timeout=timeout_s).active_queues() or {}
    return sorted(name for name, queues in answers.items() if any(queue["name"] == QUEUE for queue in queues))


def workers_here(app: Celery) -> list[str]:
    """Those of this machine. Raises BrokerUnavailable, AccessDenied."""
    return [name for name in consuming_workers(app) if name.partition("@")[2] == socket.gethostname()]


def process_counts(app: Celery, names: Sequence[str], timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, int]:
    """Number of processes of each of these workers; those that do not answer are left out.

    Raises BrokerUnavailable, AccessDenied.
    """
    if not names:
        return {}
    with translated(app):
        # The limit ends the wait as soon as all have answered.
        asked = app.control.inspect(destination=list(names), timeout=timeout_s, limit=len(names))
        answers = asked.stats() or {}
    return {name: int(stats["pool"]["max-concurrency"]) for name, stats in answers.items()}

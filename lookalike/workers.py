"""The workers that consume the queue, as they report themselves through Celery's remote control."""

import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from celery import Celery

from lookalike.queue import QUEUE, translated

#: A healthy worker answers in milliseconds.
ANSWER_TIMEOUT_S = 2.0


def consuming_workers(app: Celery, timeout_s: float = ANSWER_TIMEOUT_S) -> list[str]:
    """Names of the workers that consume our queue; a name that several have is there several times.

    Not `ping`: a worker can answer it and still consume nothing (https://github.com/apache/airflow/issues/63580).
    Raises BrokerUnavailable, AccessDenied.
    """
    answers = _answers(app, "active_queues", timeout=timeout_s)
    return sorted(name for name, queues in answers if any(queue["name"] == QUEUE for queue in queues))


def workers_here(app: Celery) -> list[str]:
    """Those of this machine. Raises BrokerUnavailable, AccessDenied."""
    return [name for name in consuming_workers(app) if name.partition("@")[2] == socket.gethostname()]


def process_counts(app: Celery, names: Sequence[str], timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, int]:
    """Number of processes of the workers of each name; those that do not answer are left out.

    Raises BrokerUnavailable, AccessDenied.
    """
    if not names:
        return {}
    # The limit ends the wait as soon as all have answered.
    answers = _answers(app, "stats", destination=sorted(set(names)), timeout=timeout_s, limit=len(names))
    counts = Counter[str]()
    for name, stats in answers:
        counts[name] += int(stats["pool"]["max-concurrency"])
    return dict(counts)


def _answers(app: Celery, question: str, **options: Any) -> Iterator[tuple[str, Any]]:
    """Each answer with the name of its worker. Celery's `inspect` keeps one for each name, and warns on stderr."""
    with translated(app):
        given = app.control.broadcast(question, reply=True, **options) or []
    return ((name, said) for answer in given for name, said in answer.items())

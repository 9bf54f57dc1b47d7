"""Which workers consume the queue: asked of the workers themselves, by Celery's remote control."""

from celery import Celery

from lookalike.queue import QUEUE, translated

#: A worker that is not hung answers in milliseconds.
ANSWER_TIMEOUT_S = 2.0


def consuming_workers(app: Celery, timeout_s: float = ANSWER_TIMEOUT_S) -> list[str]:
    """Names of the workers that listen to our queue.

    Not `ping`: a worker can answer that and consume nothing (https://github.com/apache/airflow/issues/63580).
    Raises BrokerUnavailable, AccessDenied.
    """
    with translated(app):
        answers = app.control.inspect(timeout=timeout_s).active_queues() or {}
    return sorted(name for name, queues in answers.items() if any(queue["name"] == QUEUE for queue in queues))

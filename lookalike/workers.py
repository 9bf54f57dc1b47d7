"""Which workers consume the queue: asked of the workers themselves, by Celery's remote control."""

from celery import Celery
from kombu.exceptions import OperationalError

from lookalike.broker import broker_error
from lookalike.queue import QUEUE
from lookalike.settings import plain_address

#: A worker that is not hung answers in milliseconds.
ANSWER_TIMEOUT_S = 2.0


def consuming_workers(app: Celery, timeout_s: float = ANSWER_TIMEOUT_S) -> list[str]:
    """Names of the workers that listen to our queue.

    Not `ping`: a worker can answer that and consume nothing (https://github.com/apache/airflow/issues/63580).
    Raises BrokerUnavailable, AccessDenied.
    """
    try:
        answers = app.control.inspect(timeout=timeout_s).active_queues() or {}
    except OperationalError as error:
        raise broker_error(error, plain_address(app.conf.broker_url)) from error
    return sorted(name for name, queues in answers.items() if any(queue["name"] == QUEUE for queue in queues))

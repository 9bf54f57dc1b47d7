"""The queue: Celery's app, the names of its tasks and its delivery settings.

A message carries only a chunk's id; the ledger holds the chunk itself. So a lost, repeated or forged message cannot
lose, repeat or change work: the ledger is the truth, and the queue only speeds it up.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from celery import Celery
from celery.app.utils import Settings as Configuration
from celery.loaders.app import AppLoader
from kombu.exceptions import BatchPublishError, OperationalError
from redis import Redis
from redis.exceptions import RedisError

from lookalike.addresses import plain_address
from lookalike.broker import broker_error, client_url, tls_options
from lookalike.envelope import FINISH_JOB, INGEST_CHUNK, Refused, check_work, finish_id

QUEUE = "images"
#: Prefix of all keys that Celery writes, so that several applications can share one Redis.
KEY_PREFIX = "lookalike:"

#: A chunk takes seconds, so after minutes something hangs. Its process is killed: nothing else stops C code.
TIME_LIMIT_S = 240
#: Redis redelivers an unacknowledged message after this many time limits, so never while its chunk runs.
VISIBILITY_LIMITS = 2.5
#: Redis counts in a millisecond.
COUNT_TIMEOUT_S = 3.0
#: Loading a model takes longer than the 4 s that Celery gives a child to start by default.
CHILD_START_TIMEOUT_S = 120
#: A process is then replaced, in less than a second. This frees memory that libraries accumulate: LanceDB about 30 MiB
#: in 10,000 documents (docs/performance.md). 1,000 chunks are 64,000 images.
TASKS_PER_CHILD = 1000


class _Configuration(Configuration):  # type: ignore[misc]  # Celery has no types
    """Celery's configuration, of which the environment decides nothing.

    Celery prefers CELERY_BROKER_URL, CELERY_RESULT_BACKEND and two more to what an application is given, and a program
    that uses our Python API may have them for an application of its own.
    """

    broker_url = property(lambda self: self.first("broker_url"))
    broker_read_url = broker_write_url = broker_url
    result_backend = property(lambda self: self.first("result_backend"))


class _Loader(AppLoader):  # type: ignore[misc]
    """Loads no configuration: Celery's own imports the module that CELERY_CONFIG_MODULE names."""

    def read_configuration(self, env: str = "") -> dict[str, object]:
        return {}


def make_app(broker_url: str, time_limit_s: int = TIME_LIMIT_S) -> Celery:
    """The Celery app of producer, worker and Flower: all must agree on the delivery settings."""
    visibility_timeout_s = round(VISIBILITY_LIMITS * time_limit_s)
    app = Celery(
        "lookalike",
        broker=broker_url,
        set_as_current=False,
        loader=_Loader,
        # By name: only programs that connect load it.
        amqp="lookalike.queue_transport:AMQP",
        # Not the one for Django, which DJANGO_SETTINGS_MODULE starts, and which makes the working folder importable.
        fixups=(),
    )
    # The configuration is one object from the start; as an attribute, this would become one of its entries.
    object.__setattr__(app.conf, "__class__", _Configuration)
    app.conf.update(
        **_content(),
        **_delivery(time_limit_s),
        **_processes(),
        broker_transport_options=_transport(visibility_timeout_s),
        broker_use_ssl=tls_options(broker_url),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_channel_error_retry=True,
        visibility_timeout=visibility_timeout_s,
        task_default_queue=QUEUE,
        task_publish_retry=False,
    )
    return app


def send_chunk(app: Celery, chunk_id: str) -> None:
    """Send the message of a chunk that is in the ledger."""
    send_chunks(app, (chunk_id,))


def send_chunks(app: Celery, chunk_ids: Iterable[str]) -> None:
    """Send the messages of chunks that are in the ledger, in one step.

    If this raises BrokerUnavailable, any of them may have been sent: the reconciler sends those that were not.
    """
    _send(app, INGEST_CHUNK, ((chunk_id, chunk_id) for chunk_id in chunk_ids))


def send_finish(app: Celery, job_id: str) -> None:
    """Send the message that ends a job without outstanding chunks."""
    _send(app, FINISH_JOB, [(job_id, finish_id(job_id))])


def queued_ids(app: Celery) -> set[str]:
    """The task ids of the messages in the queue. Raises BrokerUnavailable.

    kombu keeps a queue as a list of JSON messages under the queue's name; the id is in their headers.
    """
    with translated(app), app.connection_for_read() as connection:
        client = connection.default_channel.client
        return {id for message in client.lrange(KEY_PREFIX + QUEUE, 0, -1) if (id := _task_id(message))}


def queued_count(broker_url: str) -> int:
    """The number of messages in the queue; asks Redis directly. Raises BrokerUnavailable, AccessDenied."""
    try:
        with Redis.from_url(client_url(broker_url), socket_timeout=COUNT_TIMEOUT_S) as client:
            return int(client.llen(KEY_PREFIX + QUEUE))
    except RedisError as error:
        raise broker_error(error, plain_address(broker_url)) from error


def _task_id(message: bytes) -> str | None:
    """None for an entry that a worker refuses: it must not pass for the message of a chunk."""
    try:
        return check_work(message)
    except Refused:
        return None


def _send(app: Celery, task: str, calls: Iterable[tuple[str, str]]) -> None:
    """Send a message for each argument and task id; they reach Redis together with Celery's events about them."""
    # The task id is the chunk's id, so that the queue can be compared with the ledger.
    with translated(app), app.producer_or_acquire() as producer, producer.batch():
        for argument, task_id in calls:
            # A worker would add its time limit otherwise; the limit is the business of whoever does the work.
            options = {"ignore_result": True, "time_limit": None, "producer": producer}
            app.send_task(task, args=(argument,), task_id=task_id, **options)


@contextmanager
def translated(app: Celery) -> Iterator[None]:
    """Turn errors of the broker into our errors."""
    try:
        yield
    except BatchPublishError as error:
        why = error.__cause__ if isinstance(error.__cause__, Exception) else error
        raise broker_error(why, plain_address(app.conf.broker_url)) from error
    except (OperationalError, RedisError) as error:
        raise broker_error(error, plain_address(app.conf.broker_url)) from error


def _content() -> dict[str, object]:
    # JSON only, in both directions: a pickle in the broker would be code execution in the worker.
    return {
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        "task_ignore_result": True,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
    }


def _delivery(time_limit_s: int) -> dict[str, object]:
    # Acknowledged when done, and returned to the queue when the child died: work is repeated, never lost, and
    # repetition is harmless because of deterministic ids and the ledger.
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_failure": True,
        "task_acks_on_timeout": False,
        "task_time_limit": time_limit_s,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _processes() -> dict[str, object]:
    return {
        "worker_pool": "prefork",
        "worker_proc_alive_timeout": CHILD_START_TIMEOUT_S,
        "worker_max_tasks_per_child": TASKS_PER_CHILD,
        # Whoever can write to the broker could make a worker hold its messages for ever.
        "worker_disable_rate_limits": True,
        # Chunks that run when a worker is stopped have this time; a chunk takes seconds.
        "worker_soft_shutdown_timeout": 60.0,
        "worker_enable_soft_shutdown_on_idle": False,
    }


def _transport(visibility_timeout_s: int) -> dict[str, object]:
    return {
        "visibility_timeout": visibility_timeout_s,
        # A network that drops everything is noticed after a few of these timeouts; BRPOP itself returns each second.
        "socket_timeout": 8,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "unacked_mutex_expire": 60,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "global_keyprefix": KEY_PREFIX,
    }

"""Reads Redis directly, not through a proxy or the product's code: messages, chunks, and connected workers."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import redis

from testing.processes import await_true

LEDGER = "lookalike:ledger:"
QUEUE = "lookalike:images"
UNACKED = "lookalike:unacked"
#: Redis answers in under a millisecond.
TIMEOUT_S = 5.0


class Broker:
    """Every method raises redis.RedisError while Redis is away. If `index` is set, only jobs for that index count."""

    def __init__(self, url: str) -> None:
        self.index = ""
        self._redis = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, decode_responses=True)

    def jobs(self) -> list[str]:
        ids = cast(list[str], self._redis.zrange(LEDGER + "jobs", 0, -1))
        return [id for id in ids if not self.index or self.job(id).get("index") == self.index]

    def active_jobs(self) -> set[str]:
        active = cast(set[str], self._redis.smembers(LEDGER + "active"))
        return active.intersection(self.jobs())

    def job(self, job_id: str) -> dict[str, str]:
        return cast(dict[str, str], self._redis.hgetall(LEDGER + "job:" + job_id))

    def rejections(self, job_id: str) -> dict[str, str]:
        """Uri -> reason."""
        listed = cast(dict[str, str], self._redis.hgetall(LEDGER + "rejected:" + job_id))
        return {uri: json.loads(payload)["reason"] for uri, payload in listed.items()}

    def holders(self) -> dict[str, str]:
        """Uri of a rejected image -> the job that has it on its list, as the ledger notes it for the index."""
        keys = self._redis.scan_iter(f"{LEDGER}holders:* {self.index or '*'}-v*")
        return {uri: job for key in keys for uri, job in cast(dict[str, str], self._redis.hgetall(key)).items()}

    def done(self) -> int:
        """How many images of all jobs are done."""
        names = ("indexed", "unchanged", "rejected")
        return sum(int(self.job(job_id).get(name, 0)) for job_id in self.jobs() for name in names)

    def resent(self) -> int:
        return sum(int(self.job(job_id).get("resent", 0)) for job_id in self.jobs())

    def outstanding(self) -> set[str]:
        """The ids of all chunks that are not closed."""
        keys = [LEDGER + "outstanding:" + job_id for job_id in self.jobs()]
        return {chunk_id for key in keys for chunk_id in cast(list[str], self._redis.hkeys(key))}

    def aside(self) -> int:
        """How many chunks wait for the hosts of their images."""
        return sum(self.aside_of(job_id) for job_id in self.jobs())

    def aside_of(self, job_id: str) -> int:
        count: int = self._redis.hlen(LEDGER + "waiting:" + job_id)
        return count

    def due(self) -> list[str]:
        """The chunks, of any job, that are sent again later."""
        return cast(list[str], self._redis.zrange(LEDGER + "due", 0, -1))

    def held(self) -> set[str]:
        """The ids of the chunks that workers have leased."""
        return {chunk_id for chunk_id in self.outstanding() if self._redis.exists(LEDGER + "lease:" + chunk_id)}

    def waiting(self) -> list[str]:
        """The ids of the chunks and jobs whose messages are in the queue."""
        return [_argument(json.loads(text)) for text in cast(list[str], self._redis.lrange(QUEUE, 0, -1))]

    def unacknowledged(self) -> list[str]:
        """The ids of the chunks and jobs whose messages a worker has taken and not acknowledged."""
        return [_argument(json.loads(text)[0]) for text in cast(list[str], self._redis.hvals(UNACKED))]

    def delete_message(self) -> str:
        """Delete one message from the queue; returns the id of its chunk or job."""
        text = cast(str, await_true(lambda: self._redis.lpop(QUEUE)))
        return _argument(json.loads(text))

    def listeners(self) -> int:
        """How many connections wait for a message."""
        return sum(client["cmd"] == "brpop" for client in self._redis.client_list())

    def flush(self) -> None:
        self._redis.flushall()

    def close(self) -> None:
        self._redis.close()


@contextmanager
def opened(url: str) -> Iterator[Broker]:
    broker = Broker(url)
    try:
        yield broker
    finally:
        broker.close()


def _argument(message: dict[str, Any]) -> str:
    arguments, _, _ = json.loads(base64.b64decode(message["body"]))
    return str(arguments[0])

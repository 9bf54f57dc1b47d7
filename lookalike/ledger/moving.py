"""Corrects the jobs of a ledger that lies in a home, after the home was moved or restored to another path."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import cast

import redis

from lookalike.ledger.connection import Connection, key
from lookalike.ledger.job import place_of


class Moving(Connection):
    """The part of the ledger that knows where it lies."""

    def settle(self, home: Path) -> None:
        """Remember the home that holds this ledger. Jobs name the index and models in it by path: correct these."""
        with self._translated():
            before = cast(bytes | None, self._redis.get(key("home")))
            if before is not None and before != os.fsencode(home):
                for job_id in cast(list[bytes], self._redis.zrange(key("jobs"), 0, -1)):
                    # A malformed record must not hide the others.
                    with suppress(ValueError, AttributeError, redis.exceptions.ResponseError):
                        self._correct(key("job", job_id.decode()), os.fsdecode(before), str(home))
            self._redis.set(key("home"), os.fsencode(home))

    def _correct(self, job: str, old: str, new: str) -> None:
        names = ("index_address", "version", "index", "spec")
        values = cast(list[bytes | None], self._redis.hmget(job, names))
        address, version, index, spec = (value.decode() if value else "" for value in values)
        if address.startswith(f"lancedb://{old}/"):
            now = address.replace(old, new, 1)
            self._redis.hset(job, "index_address", now)
            self._rename(*(key("holders", place_of(at, version or index)) for at in (address, now)))
        if spec:
            self._redis.hset(job, "spec", _moved(spec, old, new))

    def _rename(self, old: str, new: str) -> None:
        if self._redis.exists(old):
            self._redis.rename(old, new)


def _moved(spec: str, old: str, new: str) -> str:
    """The spec of a model with the paths of its files in the new home."""
    values = json.loads(spec)
    for name, value in values.items():
        if isinstance(value, str) and value.startswith(f"{old}/"):
            values[name] = new + value.removeprefix(old)
    return json.dumps(values, sort_keys=True)

"""Totals of all jobs since the ledger began, for monitoring: sums in Redis that only grow.

Keys: `counters` (field -> sum), `work:HOST` (outcome -> images, and `chunks`), `hosts` (host -> when it last closed
a chunk). A field is a kind, or "kind:label". The ledger's atomic steps count them, so a chunk closed twice counts once.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import orjson
import redis

from lookalike.records import Outcome

#: Seconds without a closed chunk after which a host is forgotten: a container gets a new name at every start.
HOST_TTL_S = 86_400

Sums = dict[str, float]


@dataclass(frozen=True)
class ChunkTimings:
    """The host that did a chunk, and the seconds that each stage took."""

    host: str
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Counters:
    """`hosts`: host -> outcome (or "chunks") -> number. `away`: retries of chunks, by the service that was away.
    `lost`: attempts whose process died, timeouts included."""

    hosts: Mapping[str, Sums]
    seconds: Sums
    rejected: Sums
    away: Sums
    resent: float
    lost: float
    timed_out: float


def increments(outcome: Outcome, timings: ChunkTimings) -> tuple[bytes, bytes]:
    """The increments of `counters` and `work:HOST` for one chunk, as JSON for the script that closes it."""
    # Monitoring watches for new rejections: a folder has the same films and sidecar files every night.
    new = [item for item in outcome.rejected if item.uri not in outcome.repeated]
    reasons = Counter(f"rejected:{item.reason.value}" for item in new)
    seconds = {f"seconds:{stage}": round(took, 6) for stage, took in timings.seconds.items()}
    images = {"indexed": outcome.indexed, "unchanged": outcome.unchanged, "rejected": len(outcome.rejected)}
    return orjson.dumps({**reasons, **seconds}), orjson.dumps({**images, "chunks": 1})


def read_counters(client: "redis.Redis", prefix: str) -> Counters:
    """All counters, in two round trips."""
    names = [name.decode() for name in cast(list[bytes], client.zrange(f"{prefix}hosts", 0, -1))]
    with client.pipeline(transaction=False) as pipe:
        pipe.hgetall(f"{prefix}counters")
        for name in names:
            pipe.hgetall(f"{prefix}work:{name}")
        first, *works = (_sums(answer) for answer in pipe.execute(raise_on_error=False))
    return Counters(
        hosts={name: work for name, work in zip(names, works, strict=True) if work},
        seconds=_labelled(first, "seconds"),
        rejected=_labelled(first, "rejected"),
        away=_labelled(first, "away"),
        resent=first.get("resent", 0.0),
        lost=first.get("lost", 0.0),
        timed_out=first.get("timed_out", 0.0),
    )


def _sums(fields: Mapping[bytes, bytes] | Exception) -> Sums:
    """The valid numbers; none if the key is of another type."""
    if isinstance(fields, redis.exceptions.ResponseError):
        return {}
    if isinstance(fields, Exception):
        raise fields
    sums: Sums = {}
    for name, value in fields.items():
        with suppress(ValueError):
            sums[name.decode()] = float(value)
    return sums


def _labelled(sums: Sums, kind: str) -> Sums:
    return {name.partition(":")[2]: value for name, value in sums.items() if name.startswith(f"{kind}:")}

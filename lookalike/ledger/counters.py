"""What the workers have done in all since the ledger began: sums that only grow, kept in Redis; knows no job.

Keys: `counters` (field -> sum), `work:HOST` (outcome -> images, and `chunks`), `hosts` (host -> when it last closed a
chunk). A field is a kind, or "kind:label". They are counted in the steps of the ledger, so a chunk closed twice counts
once here as well.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import orjson
import redis

from lookalike.records import Outcome

#: A host that closed no chunk for so long is forgotten: containers get a new name with every start.
HOST_TTL_S = 86_400

Sums = dict[str, float]


@dataclass(frozen=True)
class ChunkTimings:
    """Who did a chunk, and how many seconds each stage of it took."""

    host: str
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Counters:
    """`hosts`: host -> outcome (or "chunks") -> number; `away`: retries of chunks by the service that was away;
    `lost`: attempts that ended with their process, those that took too long included."""

    hosts: Mapping[str, Sums]
    seconds: Sums
    rejected: Sums
    away: Sums
    resent: float
    lost: float
    timed_out: float


def increments(outcome: Outcome, effort: ChunkTimings) -> tuple[bytes, bytes]:
    """What a chunk adds to `counters` and to `work:HOST`, as JSON for the script that closes it."""
    reasons = Counter(f"rejected:{item.reason.value}" for item in outcome.rejected)
    seconds = {f"seconds:{stage}": round(took, 6) for stage, took in effort.seconds.items()}
    images = {"indexed": outcome.indexed, "unchanged": outcome.unchanged, "rejected": len(outcome.rejected)}
    return orjson.dumps({**reasons, **seconds}), orjson.dumps({**images, "chunks": 1})


def read_counters(client: "redis.Redis", prefix: str) -> Counters:
    """All of them, in two round trips."""
    names = [name.decode() for name in cast(list[bytes], client.zrange(f"{prefix}hosts", 0, -1))]
    with client.pipeline(transaction=False) as pipe:
        pipe.hgetall(f"{prefix}counters")
        for name in names:
            pipe.hgetall(f"{prefix}work:{name}")
        first, *works = (_sums(answer) for answer in pipe.execute())
    return Counters(
        hosts={name: work for name, work in zip(names, works, strict=True) if work},
        seconds=_labelled(first, "seconds"),
        rejected=_labelled(first, "rejected"),
        away=_labelled(first, "away"),
        resent=first.get("resent", 0.0),
        lost=first.get("lost", 0.0),
        timed_out=first.get("timed_out", 0.0),
    )


def _sums(fields: Mapping[bytes, bytes]) -> Sums:
    return {name.decode(): float(value) for name, value in fields.items()}


def _labelled(sums: Sums, kind: str) -> Sums:
    return {name.partition(":")[2]: value for name, value in sums.items() if name.startswith(f"{kind}:")}

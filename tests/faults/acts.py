"""What happens in each scenario, from the ingest to the last fault."""

import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

from lookalike.queue import send_chunk
from tests.faults.disturbances import (
    BETWEEN,
    block,
    blocked,
    breaker,
    halted,
    hold,
    inject_by_chance,
    kill_index,
    kill_redis,
    kill_worker,
    stop_worker,
    turns,
)
from tests.faults.images import POISONS, Source, spoil
from tests.faults.recovery import WorkState
from tests.faults.rig import Producer, Rig

#: A tick of the random mix, and the chance of each fault in it (docket's chaos driver has these proportions).
TICK_S = 0.25
MIX: Mapping[str, float] = {"child": 0.06, "worker": 0.02, "redis": 0.02, "index": 0.01, "pushed back": 0.05}
Act = Callable[[Rig, Source, int], Producer]


def nothing(rig: Rig, source: Source, times: int) -> Producer:
    return rig.ingest(source)


def child_kills(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for number in turns(rig, producer, times):
        name = rig.workers.names[number % len(rig.workers.names)]
        rig.inject("pool child killed", partial(rig.workers.kill_child, name, number))
    return producer


def worker_kills(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for number in turns(rig, producer, times):
        kill_worker(rig, rig.workers.names[number % len(rig.workers.names)])
    return producer


def spoilt_images(rig: Rig, source: Source, times: int) -> Producer:
    """The second ingest meets images that broke or changed after the first one."""
    rig.complete(rig.ingest(source))
    spoil(source)
    return child_kills(rig, source, times)


def rolling_restart(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for _ in range(times):
        for name in rig.workers.names:
            if not rig.continues_for(producer, BETWEEN):
                return producer
            starts = rig.workers.starts(name)
            rig.inject("worker stopped", partial(stop_worker, rig, name))
            rig.workers.await_restart(name, starts)
    return producer


def redis_restarts(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for number in turns(rig, producer, times):
        if number % 2:
            rig.inject("Redis killed", lambda: kill_redis(rig))
        else:
            rig.inject("Redis restarted", rig.redis.restart)
    return producer


def redis_black_hole(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    network, seconds = rig.to_redis, rig.place.pace.black_hole_s
    for _ in turns(rig, producer, times):
        rig.inject("Redis unreachable", partial(halted, rig, network.black_hole, network.heal, seconds))
    return producer


def redis_emptied(rig: Rig, source: Source, times: int) -> Producer:
    """The ingest notices the loss and ends; the user runs it again."""
    producer = rig.ingest(source)
    for _ in turns(rig, producer, times):
        rig.broker.flush()
        rig.injected["Redis emptied"] += 1
        rig.watch.begin_recovery(WorkState(frozenset(), 0))
    return producer


def index_kills(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for _ in turns(rig, producer, times):
        rig.inject("OpenSearch killed", lambda: kill_index(rig))
    return producer


def push_back(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    busy_proxy, network = rig.busy_proxy, rig.to_index
    for _ in range(times):
        faults: list[tuple[str, Callable[[], None], Callable[[], None]]] = [
            ("429 to 30 % of items", lambda: busy_proxy.push_back(0.3), busy_proxy.calm),
            ("429", lambda: busy_proxy.answer(429), busy_proxy.calm),
            ("503", lambda: busy_proxy.answer(503), busy_proxy.calm),
            ("reset after the request", network.reset, network.heal),
            ("answers stalled", lambda: network.stall(rig.place.pace.push_back_s), network.heal),
            ("refused", network.refuse, network.heal),
        ]
        for fault, begin, end in faults:
            if rig.continues_for(producer, BETWEEN):
                rig.inject(fault, partial(hold, rig, fault, begin, end))
    return producer


def circuit_breaker(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for _ in turns(rig, producer, times):
        rig.inject("circuit breaker", lambda: blocked(rig, breaker))
    return producer


def write_block(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for _ in turns(rig, producer, times):
        rig.inject("index blocked", lambda: blocked(rig, block))
    return producer


def poison(rig: Rig, source: Source, times: int) -> Producer:
    """The second ingest does not try the images again."""
    rig.injected["poison"] += sum(reason in POISONS.values() for reason in source.bad.values())
    rig.complete(rig.ingest(source))
    return rig.ingest(source)


def repetition(rig: Rig, source: Source, times: int) -> Producer:
    """Two ingests of one folder, and every message three more times in random order."""
    producer, other = rig.ingest(source), rig.ingest(source)
    for _ in turns(rig, producer, times):
        ids = sorted(rig.broker.outstanding()) * 3
        random.Random(times).shuffle(ids)
        for chunk_id in ids:
            send_chunk(rig.app, chunk_id)
        rig.injected["message repeated"] += len(ids)
    rig.complete(other)
    return producer


def producer_kills(rig: Rig, source: Source, times: int) -> Producer:
    """Kill the producer while it enqueues, then run the same ingest again."""
    producer = rig.ingest(source)
    for _ in range(times):
        if not rig.continues_for(producer, BETWEEN):
            break
        producer.kill()
        rig.injected["producer killed"] += 1
        producer = rig.ingest(source)
    return producer


def mix(rig: Rig, source: Source, seconds: int) -> Producer:
    """Random faults for a while, the first one at once. The seed is printed; FAULTS_SEED repeats a run."""
    seed = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"FAULTS_SEED={seed}", file=sys.stderr)
    chance = random.Random(seed)
    producer = rig.ingest(source)
    assert rig.continues_for(producer, BETWEEN), producer.errors()
    inject_by_chance(rig, chance.choice(list(MIX)), chance)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and producer.is_running():
        time.sleep(TICK_S)
        for fault, probability in MIX.items():
            if chance.random() < probability and rig.broker.held():
                inject_by_chance(rig, fault, chance)
    return producer

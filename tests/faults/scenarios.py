"""The scenarios of the suite: each one injects one kind of fault into a rig while an ingest runs. Checks nothing."""

import os
import random
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from lookalike.queue import send_chunk
from testing.processes import await_true
from testing.services.opensearch import request
from testing.services.ports import free_port
from testing.services.process import ServerProcess
from tests.faults.hosts import absent_host, busy_host, hanging_host
from tests.faults.images import POISONS, Source, spoil
from tests.faults.object_stores import absent_store, broken_listing, throttling_store
from tests.faults.recovery import WorkState
from tests.faults.rig import DECODE_S, Producer, Rig

#: Images that are done between two faults, so that each fault hits a working system.
BETWEEN = 48
#: Work has stopped when no image is done for this long; requests in flight have then arrived.
STOPPED_S = 1.0
#: A fault that does not stop all work within this time had no effect.
STOP_TIMEOUT_S = 20.0
#: A tick of the random mix, and the chance of each fault in it (docket's chaos driver has these proportions).
TICK_S = 0.25
MIX: Mapping[str, float] = {"child": 0.06, "worker": 0.02, "redis": 0.02, "index": 0.01, "pushed back": 0.05}

#: Faults of `push_back` that do not stop all work.
PARTIAL = ("429 to 30 % of items", "answers stalled")

Act = Callable[[Rig, Source, int], Producer]


@dataclass(frozen=True)
class Scenario:
    """How often the fault is injected, or how many seconds the mix lasts: `times` in `make test`, `many` in
    `make faults`. `images` is the number of images in `make test`."""

    id: str
    fault: str
    act: Act
    times: int = 1
    many: int = 1
    images: int = 600
    #: The longest recovery that is allowed.
    bound_s: float | None = None
    patches: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    decode_s: float = DECODE_S
    poisons: tuple[str, ...] = ()
    #: It stops the OpenSearch server or changes the whole cluster.
    needs_own_server: bool = False
    #: It changes the processes of its rig, so that no other scenario can use the rig afterwards.
    needs_own_rig: bool = False


def nothing(rig: Rig, source: Source, times: int) -> Producer:
    return rig.ingest(source)


def child_kills(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for number in _turns(rig, producer, times):
        name = rig.workers.names[number % len(rig.workers.names)]
        rig.inject("pool child killed", partial(rig.workers.kill_child, name, number))
    return producer


def worker_kills(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for number in _turns(rig, producer, times):
        _kill_worker(rig, rig.workers.names[number % len(rig.workers.names)])
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
            rig.inject("worker stopped", partial(_stop_worker, rig, name))
            rig.workers.await_restart(name, starts)
    return producer


def redis_restarts(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for number in _turns(rig, producer, times):
        if number % 2:
            rig.inject("Redis killed", lambda: _kill_redis(rig))
        else:
            rig.inject("Redis restarted", rig.redis.restart)
    return producer


def redis_black_hole(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    network, seconds = rig.to_redis, rig.place.pace.black_hole_s
    for _ in _turns(rig, producer, times):
        rig.inject("Redis unreachable", partial(_halted, rig, network.black_hole, network.heal, seconds))
    return producer


def redis_emptied(rig: Rig, source: Source, times: int) -> Producer:
    """The ingest notices the loss and ends; the user runs it again."""
    producer = rig.ingest(source)
    for _ in _turns(rig, producer, times):
        rig.broker.flush()
        rig.injected["Redis emptied"] += 1
        rig.watch.begin_recovery(WorkState(frozenset(), 0))
    return producer


def index_kills(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for _ in _turns(rig, producer, times):
        rig.inject("OpenSearch killed", lambda: _kill_index(rig))
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
                rig.inject(fault, partial(_hold, rig, fault, begin, end))
    return producer


def circuit_breaker(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for _ in _turns(rig, producer, times):
        rig.inject("circuit breaker", lambda: _blocked(rig, _breaker))
    return producer


def write_block(rig: Rig, source: Source, times: int) -> Producer:
    producer = rig.ingest(source)
    for _ in _turns(rig, producer, times):
        rig.inject("index blocked", lambda: _blocked(rig, _block))
    return producer


def poison(rig: Rig, source: Source, times: int) -> Producer:
    """The second ingest does not try the images again."""
    rig.injected["poison"] += sum(reason in POISONS.values() for reason in source.bad.values())
    rig.complete(rig.ingest(source))
    return rig.ingest(source)


def repetition(rig: Rig, source: Source, times: int) -> Producer:
    """Two ingests of one folder, and every message three more times in random order."""
    producer, other = rig.ingest(source), rig.ingest(source)
    for _ in _turns(rig, producer, times):
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
    _chance(rig, chance.choice(list(MIX)), chance)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and producer.is_running():
        time.sleep(TICK_S)
        for fault, probability in MIX.items():
            if chance.random() < probability and rig.broker.held():
                _chance(rig, fault, chance)
    return producer


def flower(rig: Rig, source: Source, times: int) -> Producer:
    """Flower watches the work, rejects a wrong password, and is killed while the work goes on."""
    producer = None
    for _ in range(times):
        with _flower(rig) as (process, url):
            await_true(partial(_answers, url))
            producer = producer or rig.ingest(source)
            rig.continues_for(producer, BETWEEN)
            assert _status(url, None) == 401 and _status(url, "ann:wrong") == 401, "Flower accepts a wrong password"
            process.kill()
        rig.injected["Flower killed"] += 1
    assert producer
    return producer


def _turns(rig: Rig, producer: Producer, times: int) -> Iterator[int]:
    """Numbers from 0, each after BETWEEN further images; fewer than `times` if the ingest ends before."""
    for number in range(times):
        if not rig.continues_for(producer, BETWEEN):
            return
        yield number


def _kill_worker(rig: Rig, name: str) -> None:
    starts = rig.workers.starts(name)
    rig.inject("worker killed", lambda: rig.workers.kill(name))
    rig.workers.await_restart(name, starts)


def _stop_worker(rig: Rig, name: str) -> None:
    code = rig.workers.terminate(name)
    assert code == 0, f"{name} ended with {code} on SIGTERM"


def _kill_redis(rig: Rig) -> None:
    rig.redis.kill()
    rig.redis.restart()


def _kill_index(rig: Rig) -> None:
    rig.place.opensearch.kill()
    rig.place.opensearch.restart()


def _hold(rig: Rig, fault: str, begin: Callable[[], None], end: Callable[[], None]) -> None:
    if fault in PARTIAL:
        _for(begin, end, rig.place.pace.push_back_s)
    else:
        _halted(rig, begin, end, rig.place.pace.push_back_s)


def _blocked(rig: Rig, switch: Callable[[Rig, bool | None], None]) -> None:
    _halted(rig, lambda: switch(rig, True), lambda: switch(rig, None), rig.place.pace.blocked_s)


def _halted(rig: Rig, begin: Callable[[], None], end: Callable[[], None], seconds: float) -> None:
    """Keep a fault for this long. It must stop all work."""

    def begin_and_look() -> None:
        begin()
        seen.append(_stopped_at(rig))

    def look_and_end() -> None:
        seen.append(rig.done())
        end()

    seen: list[int] = []
    _for(begin_and_look, look_and_end, seconds)
    assert seen[0] == seen[1] and rig.broker.outstanding(), "the fault had no effect: work continued"


def _stopped_at(rig: Rig) -> int:
    """Wait until no image is added for STOPPED_S; returns the number of images done."""
    done, since = rig.done(), time.monotonic()
    deadline = since + STOP_TIMEOUT_S
    while time.monotonic() - since < STOPPED_S:
        time.sleep(0.05)
        assert time.monotonic() < deadline, "the fault had no effect: work continued"
        if (now := rig.done()) != done:
            done, since = now, time.monotonic()
    return done


def _for(begin: Callable[[], None], end: Callable[[], None], seconds: float) -> None:
    """Keep a fault for this long."""
    begin()
    try:
        time.sleep(seconds)
    finally:
        end()


def _breaker(rig: Rig, is_triggered: bool | None) -> None:
    body = {"persistent": {"knn.circuit_breaker.triggered": is_triggered}}
    request(rig.index_url, "PUT", "/_cluster/settings", body)


def _block(rig: Rig, is_blocked: bool | None) -> None:
    body = {"index.blocks.read_only_allow_delete": is_blocked}
    request(rig.index_url, "PUT", f"/{rig.index}/_settings", body)


def _chance(rig: Rig, fault: str, chance: random.Random) -> None:
    """Inject one fault of the mix."""
    name = chance.choice(rig.workers.names)
    recoveries: Mapping[str, Callable[[], object]] = {
        "child": lambda: rig.workers.kill_child(name, chance.randrange(2)),
        "worker": lambda: rig.workers.kill(name),
        "redis": lambda: chance.choice((rig.redis.restart, lambda: _kill_redis(rig)))(),
        "index": lambda: _kill_index(rig) if rig.place.opensearch.is_ours else None,
        "pushed back": lambda: _for(lambda: rig.busy_proxy.push_back(0.5), rig.busy_proxy.calm, 1),
    }
    rig.inject(fault, recoveries[fault])


@contextmanager
def _flower(rig: Rig) -> Iterator[tuple[ServerProcess, str]]:
    port = free_port()
    options = ["--basic-auth=ann:right", "--address=127.0.0.1", f"--port={port}"]
    environment = ["/usr/bin/env", *(f"{name}={value}" for name, value in rig.product_environment().items())]
    command = [*environment, sys.executable, "-P", "-m", "celery", "-A", "lookalike_worker.app", "flower", *options]
    process = ServerProcess(command, rig.folder)
    try:
        yield process, f"http://127.0.0.1:{port}/"
    finally:
        if process.is_running:
            process.kill()


def _answers(url: str) -> bool:
    return _status(url, "ann:right") == 200


def _status(url: str, login: str | None) -> int:
    page_request = urllib.request.Request(url)
    if login:
        page_request.add_header("Authorization", "Basic " + b64encode(login.encode()).decode())
    try:
        with urllib.request.urlopen(page_request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


#: After the kill of a whole worker: its leases (10 s), the next check (5 s), the grace time (10 s) and the work itself.
KILL_BOUND_S = 60.0
#: After the return of a host: a minute until a process asks it again, and a minute until its images are tried again.
BACK_BOUND_S = 150.0

UNDISTURBED = Scenario("F0", "none", nothing)
SCENARIOS = (
    UNDISTURBED,
    Scenario("F1", "SIGKILL to a pool child", child_kills, 4, 50, bound_s=15),
    Scenario("F2", "SIGKILL to a worker and its children", worker_kills, 2, 20, bound_s=KILL_BOUND_S),
    Scenario("F3", "SIGTERM to every worker in turn", rolling_restart, 1, 10, bound_s=15),
    Scenario("F4", "Redis: SIGTERM and SIGKILL in turn", redis_restarts, 2, 20, bound_s=30),
    Scenario("F5", "Redis: black hole", redis_black_hole, 1, 3, bound_s=60),
    Scenario("F6", "Redis: emptied", redis_emptied, 1, 1, bound_s=30),
    Scenario("F7", "OpenSearch: SIGKILL in the middle of bulks", index_kills, 1, 5, bound_s=60, needs_own_server=True),
    Scenario("F8", "OpenSearch: 429, 503, reset, stall, refusal", push_back, 1, 3, bound_s=60),
    Scenario("F9", "OpenSearch: circuit breaker", circuit_breaker, 1, 3, bound_s=30, needs_own_server=True),
    Scenario("F10", "OpenSearch: write block", write_block, 1, 3, bound_s=30),
    Scenario(
        "F11",
        "images that kill or hang their process",
        poison,
        patches=("poison",),
        settings={"time_limit_s": 8},
        poisons=tuple(POISONS),
        needs_own_rig=True,
    ),
    # The queue is so short that repeated messages are taken while their chunk is in work.
    Scenario(
        "F13",
        "every message three more times, two producers at once",
        repetition,
        6,
        20,
        settings={"queue_limit": 6},
    ),
    Scenario("F14", "SIGKILL to the producer", producer_kills, 2, 10, settings={"queue_limit": 8}),
    # Slower images, so that there is time for several faults.
    Scenario("F16", "a random mix", mix, 12, 600, decode_s=0.06, needs_own_server=True, needs_own_rig=True),
    Scenario("F18", "Flower: killed, wrong password", flower, 1, 3),
    Scenario(
        "F20", "a host that hangs, SIGKILL to a worker while its images wait", hanging_host, 1, 4, 240, BACK_BOUND_S
    ),
    Scenario("F21", "a host that is away for a minute", absent_host, images=240, bound_s=BACK_BOUND_S),
    Scenario("F22", "a host that is busy: 503 with Retry-After, resets", busy_host, images=240),
    Scenario("F23", "a store that is away for a minute", absent_store, images=240, bound_s=BACK_BOUND_S),
    Scenario("F24", "a store that throttles", throttling_store, images=240),
    Scenario("F25", "half of a listing: cut, and broken off for longer than it waits", broken_listing, images=240),
    Scenario("F19", "images that break or change, SIGKILL to a pool child", spoilt_images, 2, 50, 240, bound_s=15),
)

"""The faults themselves: kills, pauses and refusals, one at a time."""

import random
import time
from collections.abc import Callable, Iterator, Mapping

from testing.services.opensearch import request
from tests.faults.rig import Producer, Rig

#: Images that are done between two faults, so that each fault hits a working system.
BETWEEN = 48
#: Work has stopped when no image is done for this long; requests in flight have then arrived.
STOPPED_S = 1.0
#: A fault that does not stop all work within this time had no effect.
STOP_TIMEOUT_S = 20.0
#: Faults of `push_back` that do not stop all work.
PARTIAL = ("429 to 30 % of items", "answers stalled")


def turns(rig: Rig, producer: Producer, times: int) -> Iterator[int]:
    """Numbers from 0, each after BETWEEN further images; fewer than `times` if the ingest ends before."""
    for number in range(times):
        if not rig.continues_for(producer, BETWEEN):
            return
        yield number


def kill_worker(rig: Rig, name: str) -> None:
    starts = rig.workers.starts(name)
    rig.inject("worker killed", lambda: rig.workers.kill(name))
    rig.workers.await_restart(name, starts)


def stop_worker(rig: Rig, name: str) -> None:
    code = rig.workers.terminate(name)
    assert code == 0, f"{name} ended with {code} on SIGTERM"


def kill_redis(rig: Rig) -> None:
    rig.redis.kill()
    rig.redis.restart()


def kill_index(rig: Rig) -> None:
    rig.place.opensearch.kill()
    rig.place.opensearch.restart()


def hold(rig: Rig, fault: str, begin: Callable[[], None], end: Callable[[], None]) -> None:
    if fault in PARTIAL:
        hold_for(begin, end, rig.place.pace.push_back_s)
    else:
        halted(rig, begin, end, rig.place.pace.push_back_s)


def blocked(rig: Rig, switch: Callable[[Rig, bool | None], None]) -> None:
    halted(rig, lambda: switch(rig, True), lambda: switch(rig, None), rig.place.pace.blocked_s)


def halted(rig: Rig, begin: Callable[[], None], end: Callable[[], None], seconds: float) -> None:
    """Keep a fault for this long. It must stop all work."""

    def begin_and_look() -> None:
        begin()
        seen.append(_stopped_at(rig))

    def look_and_end() -> None:
        seen.append(rig.done())
        end()

    seen: list[int] = []
    hold_for(begin_and_look, look_and_end, seconds)
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


def hold_for(begin: Callable[[], None], end: Callable[[], None], seconds: float) -> None:
    """Keep a fault for this long."""
    begin()
    try:
        time.sleep(seconds)
    finally:
        end()


def breaker(rig: Rig, is_triggered: bool | None) -> None:
    body = {"persistent": {"knn.circuit_breaker.triggered": is_triggered}}
    request(rig.index_url, "PUT", "/_cluster/settings", body)


def block(rig: Rig, is_blocked: bool | None) -> None:
    body = {"index.blocks.read_only_allow_delete": is_blocked}
    request(rig.index_url, "PUT", f"/{rig.index}/_settings", body)


def inject_by_chance(rig: Rig, fault: str, chance: random.Random) -> None:
    """Inject one fault of the mix."""
    name = chance.choice(rig.workers.names)
    recoveries: Mapping[str, Callable[[], object]] = {
        "child": lambda: rig.workers.kill_child(name, chance.randrange(2)),
        "worker": lambda: rig.workers.kill(name),
        "redis": lambda: chance.choice((rig.redis.restart, lambda: kill_redis(rig)))(),
        "index": lambda: kill_index(rig) if rig.place.opensearch.is_ours else None,
        "pushed back": lambda: hold_for(lambda: rig.busy_proxy.push_back(0.5), rig.busy_proxy.calm, 1),
    }
    rig.inject(fault, recoveries[fault])

"""The scenarios of the suite: each one injects one kind of fault into a rig while an ingest runs. Checks nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.faults.acts import (
    Act,
    child_kills,
    circuit_breaker,
    index_kills,
    mix,
    nothing,
    poison,
    producer_kills,
    push_back,
    redis_black_hole,
    redis_emptied,
    redis_restarts,
    repetition,
    rolling_restart,
    spoilt_images,
    worker_kills,
    write_block,
)
from tests.faults.flower import flower
from tests.faults.hosts import absent_host, busy_host, hanging_host
from tests.faults.images import POISONS
from tests.faults.object_stores import absent_store, broken_listing, throttling_store
from tests.faults.rig import DECODE_S


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

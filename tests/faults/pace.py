"""How long faults last, and whether the product's waiting times are shortened."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Seconds that each outage lasts, and the patches that every process of a rig gets."""

    #: Redis does not answer: longer than the socket timeouts, so that clients notice.
    black_hole_s: float
    #: The index rejects all writes.
    blocked_s: float
    #: The index is too busy, or unreachable.
    push_back_s: float
    #: A host or a store of images is away.
    away_s: float
    patches: tuple[str, ...] = ()


#: For `make faults`.
REAL = Pace(black_hole_s=10, blocked_s=4, push_back_s=3, away_s=60)
#: For `make test`: the product's leases, grace times, backoff and timeouts are shorter too.
SHORT = Pace(black_hole_s=5, blocked_s=2, push_back_s=1.5, away_s=4, patches=("short_waits",))

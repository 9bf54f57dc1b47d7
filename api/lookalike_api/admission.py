"""Limits how much work runs at once; a request over the limit gets 503 and a Retry-After."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException

#: Seconds after which a client should retry when the service is busy.
RETRY_AFTER_S = 1


class Busy(HTTPException):
    """The service has no capacity for this request now."""

    def __init__(self) -> None:
        super().__init__(503, "The service is busy; try again soon.", {"Retry-After": str(RETRY_AFTER_S)})


class Capacity:
    """A number of units (requests, bytes) that requests share; for one event loop."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total

    def check(self) -> None:
        """Raise Busy if nothing is free. Called before a body is read, it spares both sides the transfer."""
        if self.free <= 0:
            raise Busy()

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Hold one unit. Raises Busy."""
        with self.reserve() as reservation:
            reservation.grow(1)
            yield

    @contextmanager
    def reserve(self) -> Iterator["Reservation"]:
        """An empty reservation, released at the end."""
        reservation = Reservation(self)
        try:
            yield reservation
        finally:
            reservation.grow(-reservation.units)


class Reservation:
    """The units that one request holds."""

    def __init__(self, capacity: Capacity) -> None:
        self.units = 0
        self._capacity = capacity

    def grow(self, units: int) -> None:
        """Raises Busy."""
        if units > self._capacity.free:
            raise Busy()
        self._capacity.free -= units
        self.units += units

"""How much is done at once: what is over it is asked to come back, instead of being done slowly and all at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException

#: When a client that came at a busy moment should come back.
RETRY_AFTER_S = 1


class Busy(HTTPException):
    """There is no room for this request now."""

    def __init__(self) -> None:
        super().__init__(503, "The service is busy; try again soon.", {"Retry-After": str(RETRY_AFTER_S)})


class Room:
    """So many units (requests, bytes) at once; for one event loop."""

    def __init__(self, units: int) -> None:
        self.units = units
        self.free = units

    def knock(self) -> None:
        """Raises Busy where nothing is free: said before a body is read, it spares both sides the bytes."""
        if self.free <= 0:
            raise Busy()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Raises Busy."""
        with self.share() as share:
            share.grow(1)
            yield

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """A share that is still empty and is given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            share.grow(-share.units)


class Share:
    """What one request holds of a room."""

    def __init__(self, room: Room) -> None:
        self.units = 0
        self._room = room

    def grow(self, units: int) -> None:
        """Raises Busy."""
        if units > self._room.free:
            raise Busy()
        self._room.free -= units
        self.units += units

"""What a chunk asks of the places of its images, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from lookalike.errors import ImageRejected
from lookalike.reading.contract import Fetched
from lookalike.reading.hosts import Away
from lookalike.records import ImageRef


@dataclass(frozen=True)
class Wanted:
    """An image to read. With an `etag`, its bytes are needed only if the place gives another one now."""

    ref: ImageRef
    etag: str = ""


@dataclass(frozen=True)
class Unchanged:
    """The place gives the same etag: the bytes were not read."""

    etag: str


@dataclass(frozen=True)
class Delayed:
    """An image that its host does not give now. `has_progress`: the host gives others meanwhile, or only asks to wait,
    so that nothing speaks against this image."""

    host: str
    error: Away
    has_progress: bool = False


#: A piece of other work, done while nothing has arrived; whether there was any.
Meanwhile: TypeAlias = Callable[[], bool]
Result: TypeAlias = Fetched | Unchanged | ImageRejected | Delayed


@dataclass(frozen=True)
class Arrival:
    """What became of an image; its bytes were read, or asked for, at `read_at_ns`."""

    ref: ImageRef
    result: Result
    read_at_ns: int


def nothing_else() -> bool:
    """There is no other work."""
    return False

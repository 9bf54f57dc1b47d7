"""Reports how many images of a known number are done; the caller decides how to show it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

#: Called with a number of images that have been done since the last call.
Advance = Callable[[int], None]
#: Called with a verb ("embed") and the total; the context lasts as long as the work.
Progress = Callable[[str, int], AbstractContextManager[Advance]]


@contextmanager
def silent(verb: str, total: int) -> Iterator[Advance]:
    """Report nothing."""
    yield lambda done: None

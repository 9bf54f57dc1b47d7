"""Redirects to other hosts, which whoever counts the requests of each host follows itself."""

from contextvars import ContextVar

from lookalike.errors import ImageRejected
from lookalike.reading.hosts import host_of
from lookalike.records import Reason
from lookalike.uris import member_of

MOST_REDIRECTS = 5

#: The redirects that led to where the running request begins, if whoever sends it follows those to other hosts itself.
taken: ContextVar[int | None] = ContextVar("taken", default=None)


def first(uri: str) -> int | None:
    """What `taken` is for an image that no host has redirected. The place of an archive reads it in many parts, each of
    which may be redirected, and follows all of them."""
    return None if member_of(uri) else 0


class Redirected(Exception):
    """What was asked for lies at `url`, at another host, after so many redirects in all."""

    def __init__(self, url: str, count: int) -> None:
        super().__init__(url, count)
        self.url = url
        self.count = count


class Hops:
    """The redirects of one request."""

    def __init__(self) -> None:
        before = taken.get()
        self._count = before or 0
        self._stops_at_hosts = before is not None

    def take(self, url: str, target: str) -> None:
        """Go from one address to the next one. Raises ImageRejected for one too many, and Redirected."""
        self._count += 1
        if self._count > MOST_REDIRECTS:
            raise ImageRejected(Reason.UNREADABLE, f"it redirects more than {MOST_REDIRECTS} times")
        if self._stops_at_hosts and host_of(url) != host_of(target):
            raise Redirected(target, self._count)

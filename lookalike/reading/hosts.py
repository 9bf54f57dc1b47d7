"""What this process knows of each host: whether it answers, how soon, and how many requests it may have at once.

All bounds are those of one process: a worker with N processes may ask a host N times as much.
"""

import asyncio
import random
import re
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from lookalike.errors import HostUnavailable, SourceUnavailable
from lookalike.uris import STORE_SCHEMES, is_remote, member_of, scheme_of

#: What a host is away for; a store may be away altogether.
Away: TypeAlias = HostUnavailable | SourceUnavailable

#: Hosts that are remembered; the one that was used longest ago is forgotten.
MOST_HOSTS = 10_000
#: Connections at once to a host that has not answered yet: if it never does, no more wait for it.
FIRST_CONNECTIONS = 2
#: Images that fail, with no answer to another in between, after which a host counts as away.
MOST_FAILURES = 3
#: A host that is away is asked again after this time, then after twice as long, and so on.
SHORTEST_AWAY_S = 4.0
LONGEST_AWAY_S = 60.0
#: A host that has answered may take as many times as long as it usually does, at least `SHORTEST_PATIENCE_S`.
PATIENCE = 4.0
SHORTEST_PATIENCE_S = 1.0
#: For a host that has not answered yet; a connection over TLS to the other side of the world takes half a second.
FIRST_PATIENCE_S = 1.5
LONGEST_PATIENCE_S = 30.0
#: A request waits as long if the host asks for it; for longer, its image is put aside.
LONGEST_PAUSE_S = 3.0
_END_OF_HOST = re.compile(r"[/?#]")
#: The weight of the latest answer in the usual time of a host.
_LATEST = 0.2


@dataclass(frozen=True)
class HostLimits:
    """For one host: requests at once, and requests a second (0: as many as there are)."""

    connections: int = 16
    rate: float = 0.0


#: A store is built for many readers, and asks to wait when they are too many.
OF_A_STORE = HostLimits(connections=1024)


def host_of(uri: str) -> str:
    """The host of a uri: scheme and authority, without credentials. Of a store it is the bucket, of a local archive its
    path."""
    member = member_of(uri)
    if not is_remote(uri):
        return member.archive if member else uri
    scheme, _, rest = (member.archive if member else uri).partition("://")
    host = _END_OF_HOST.split(rest, maxsplit=1)[0].rpartition("@")[2]
    # A dot at the end names the same host.
    name, colon, port = host.partition(":") if "[" not in host else (host, "", "")
    return f"{scheme}://{name.removesuffix('.')}{colon}{port}".lower()


class Hosts:
    """The hosts that this process has asked."""

    def __init__(self, limits: HostLimits) -> None:
        self._limits = limits
        self._hosts: OrderedDict[str, Host] = OrderedDict()

    def of(self, uri: str) -> "Host":
        name = host_of(uri)
        if name not in self._hosts:
            self._hosts[name] = Host(name, OF_A_STORE if scheme_of(name) in STORE_SCHEMES else self._limits)
            while len(self._hosts) > MOST_HOSTS:
                self._hosts.popitem(last=False)
        self._hosts.move_to_end(name)
        return self._hosts[name]


class Host:
    """One host. Whoever asks it takes a turn, and says what became of it."""

    def __init__(self, name: str, limits: HostLimits) -> None:
        self.name = name
        self._limits = limits
        self._allowed = float(min(FIRST_CONNECTIONS, limits.connections))
        self._active = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next_at = 0.0
        self._busy: HostUnavailable | None = None
        self._free_at = 0.0
        self._failing: set[str] = set()
        self._error: Away | None = None
        self._away_s = SHORTEST_AWAY_S
        self._ask_at = 0.0
        self._usual_s: float | None = None
        #: When it was last asked, and when it last answered.
        self.asked_at = 0.0
        self.progress_at = 0.0

    @property
    def is_local(self) -> bool:
        """Whether it is an archive of this machine: its disk is slow, but answers."""
        return not is_remote(self.name)

    @property
    def away(self) -> Away | None:
        """Why the host counts as away; None if it does not."""
        return self._error

    @property
    def is_alive(self) -> bool:
        """Whether it has answered of late: then nothing speaks against an image that nobody asked it for."""
        return self.progress_at > 0 and time.monotonic() - self.progress_at < LONGEST_AWAY_S

    @property
    def asks_to_wait(self) -> HostUnavailable | None:
        """What the host said when it asked to wait, for longer than a request waits; None if that is over."""
        return self._busy if self._free_at - time.monotonic() > LONGEST_PAUSE_S else None

    def patience_s(self, tries: int) -> float:
        """How long to wait for its next sign of life; longer for an image that was tried before."""
        first_s = FIRST_PATIENCE_S if self._usual_s is None else max(PATIENCE * self._usual_s, SHORTEST_PATIENCE_S)
        return min(first_s * 2.0 ** min(tries, 10), LONGEST_PATIENCE_S)

    def is_to_be_asked(self, *, at_once: bool = False) -> bool:
        """Whether it is time to ask a host that is away again; true for one caller."""
        if self._error is None or (time.monotonic() < self._ask_at and not at_once):
            return False
        self._ask_at = time.monotonic() + LONGEST_AWAY_S
        return True

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a connection, and until the host may be asked. Raises its error if it is away, or asks to wait."""
        while True:
            if error := self._error or self.asks_to_wait:
                # One error for many images: each raise would make its traceback longer.
                raise error.with_traceback(None)
            pause_s = max(self._next_at, self._free_at) - time.monotonic()
            if self._active >= int(self._allowed):
                await self._released()
            elif pause_s > 0:
                await asyncio.sleep(pause_s)
            else:
                break
        self._active += 1
        if self._limits.rate:
            self._next_at = max(self._next_at, time.monotonic()) + 1 / self._limits.rate
        try:
            yield
        finally:
            self._active -= 1
            self._wake()

    def answered(self, took_s: float) -> None:
        """The host has answered in order, whatever it said."""
        self.progress_at = time.monotonic()
        self._failing.clear()
        self._error, self._away_s = None, SHORTEST_AWAY_S
        self._usual_s = took_s if self._usual_s is None else (1 - _LATEST) * self._usual_s + _LATEST * took_s
        self._allowed = min(max(self._allowed + 1 / self._allowed, FIRST_CONNECTIONS), self._limits.connections)
        self._wake()

    def failed(self, uri: str, error: Away) -> None:
        """The host did not answer in order. One image that fails again and again says nothing about the others."""
        if isinstance(error, HostUnavailable) and error.retry_after_s is not None:
            self._busy, self._free_at = error, max(self._free_at, time.monotonic() + error.retry_after_s)
            self._allowed = max(self._allowed / 2, 1.0)
            self._wake()
            return
        self._failing.add(uri)
        if len(self._failing) >= MOST_FAILURES or isinstance(error, SourceUnavailable):
            self.left(error)

    def left(self, error: Away) -> None:
        """The host counts as away from now on."""
        self._failing.clear()
        self._error = error
        self._ask_at = time.monotonic() + random.uniform(0.5, 1.0) * self._away_s
        self._away_s = min(2 * self._away_s, LONGEST_AWAY_S)
        self._allowed = float(min(FIRST_CONNECTIONS, self._limits.connections))
        self._wake()

    async def _released(self) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            # Its turn goes to the next one.
            self._wake()
            raise

    def _wake(self) -> None:
        """All that can go on: each looks again by itself."""
        count = len(self._waiting) if self._error or self.asks_to_wait else int(self._allowed) - self._active
        while count > 0 and self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                count -= 1

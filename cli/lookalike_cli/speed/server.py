"""The CPU seconds of an OpenSearch on this machine, which takes them from the cores that embed; knows no document."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lookalike_evaluation.temporary import is_exact

from lookalike.errors import AccessDenied
from lookalike.index import IndexOptions
from lookalike.index.opensearch import address
from lookalike.settings import is_loopback

#: OpenSearch renews what it tells of its process once a second (monitor.process.refresh_interval).
RENEWAL_S = 3.0
POLL_S = 0.2


class ServerClock:
    """Gives the CPU seconds all nodes have used so far, or None where they do not tell."""

    def __init__(self, location: str, options: IndexOptions) -> None:
        from lookalike.index.opensearch.server import Server

        self._server = Server(address.parse(location, options), options)

    def cpu_s(self) -> float | None:
        """Not older than the call. Raises IndexUnavailable."""
        with suppress(AccessDenied):
            first = self._ask()
            deadline = time.monotonic() + RENEWAL_S
            while (last := self._ask())[0] == first[0] and time.monotonic() < deadline:
                time.sleep(POLL_S)
            return last[1]
        return None

    def close(self) -> None:
        self._server.close()

    def _ask(self) -> tuple[tuple[int, ...], float]:
        """When each node looked at itself, and what it saw."""
        nodes: dict[str, Any] = self._server.call("GET", "/_nodes/stats/process")["nodes"]
        processes = [nodes[name]["process"] for name in sorted(nodes)]
        moments = tuple(int(process["timestamp"]) for process in processes)
        return moments, sum(process["cpu"]["total_in_millis"] for process in processes) / 1000


@contextmanager
def server_clock(location: str, options: IndexOptions) -> Iterator[ServerClock | None]:
    """None for an index that uses no core of this machine beside ours: an embedded one, or one elsewhere."""
    if is_exact(location) or not is_loopback(address.parse(location, options).host):
        yield None
        return
    clock = ServerClock(location, options)
    try:
        yield clock
    finally:
        clock.close()

"""The CPU time of an OpenSearch server: on the same machine, it takes that time from the cores that embed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lookalike.addresses import is_loopback
from lookalike.errors import AccessDenied
from lookalike.index.opensearch import address, health
from lookalike.index.opensearch.server import Server
from lookalike.index.options import IndexOptions

#: OpenSearch updates the statistics of its process once a second (monitor.process.refresh_interval).
UPDATE_TIMEOUT_S = 3.0
POLL_S = 0.2


class OpenSearchCpuClock:
    """See `CpuClock`. The sum of all nodes."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def cpu_s(self) -> float | None:
        with suppress(AccessDenied):
            first = self._read()
            deadline = time.monotonic() + UPDATE_TIMEOUT_S
            while (last := self._read())[0] == first[0] and time.monotonic() < deadline:
                time.sleep(POLL_S)
            return last[1]
        return None

    def _read(self) -> tuple[tuple[int, ...], float]:
        """When each node updated its statistics, and their CPU seconds."""
        nodes: dict[str, Any] = self._server.call("GET", "/_nodes/stats/process")["nodes"]
        processes = [nodes[name]["process"] for name in sorted(nodes)]
        timestamps = tuple(int(process["timestamp"]) for process in processes)
        return timestamps, sum(process["cpu"]["total_in_millis"] for process in processes) / 1000


@contextmanager
def open_cpu_clock(url: str, options: IndexOptions) -> Iterator[OpenSearchCpuClock | None]:
    """A clock; None for a server on another machine."""
    if not is_loopback(address.parse(url, options).host):
        yield None
        return
    with health.connect(url, options) as server:
        yield OpenSearchCpuClock(server)

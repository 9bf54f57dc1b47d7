"""Bulk requests to OpenSearch: by their size and the number of writers, and our encoding compared with others.

The vectors are synthetic. A load is everything that the writers send, and the refresh at its end: the CPU time of the
refresh counts, its wall time does not.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import pairwise
from typing import NamedTuple

from benchmarks.grpc_bulk import server_settings
from benchmarks.table import console, print_rates
from benchmarks.ways import OPTIONS, Ours
from benchmarks.writer import MODEL, WAYS, Writer, open_way, refusal
from lookalike.errors import IndexMissing
from lookalike.index import CpuClock, backend_of
from testing.services.opensearch import OpenSearchServer
from testing.services.ports import free_port

#: Documents per round. HNSW is slower in a larger index, so a small index shows the largest effect of an encoding.
DOCUMENTS = int(os.environ.get("LOOKALIKE_BULK_DOCUMENTS", "4000"))
ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "5"))
HEAP_MIB = 2048
#: Documents per request: the number of images of a worker's chunk, and more.
SIZES = (64, 256, 1024)
#: Documents per request when ways to send are compared.
SIZE = 256
WRITERS = (1, 2)
OURS = next(iter(WAYS))


class Cost(NamedTuple):
    """One load: documents per second, and CPU microseconds per document."""

    rate: float
    client_us: float
    server_us: float
    cpu_us: float


def main() -> None:
    port = free_port()
    with OpenSearchServer(HEAP_MIB, server_settings(port)) as server, _bench(server.url, port) as bench:
        sizes = {_named(size, count): bench.loading(OURS, size, count) for count in WRITERS for size in SIZES}
        _print("a bulk's size and writers", _measured(sizes), baseline=_named(SIZES[0], 1))
        able = {way: bench.loading(way, SIZE, 1) for way in WAYS if bench.takes(way)}
        _print(f"ways to send, {SIZE} documents a request", _measured(able), baseline=OURS)


class Bench:
    """One server, and the processes that write to it."""

    def __init__(self, url: str, grpc_port: int, clock: CpuClock, writers: Sequence[Writer]) -> None:
        self._place = (url, grpc_port)
        self._clock = clock
        self._writers = writers

    def takes(self, way: str) -> bool:
        """Whether documents can be sent this way; prints the reason if not."""
        if why := refusal(way, *self._place):
            console.print(f"{way} is not measured: {why}")
        with closing(open_way(OURS, *self._place)) as index:
            _drop(index)
        return not why

    def loading(self, way: str, size: int, writers: int) -> Callable[[], Cost]:
        """Write all documents, `size` per request, with this many writers, into a temporary index."""

        def load() -> Cost:
            with self._fresh_index(way) as index:
                server_s, began = self._server_s(), time.perf_counter()
                bounds = [DOCUMENTS * number // writers for number in range(writers + 1)]
                parts = zip(self._writers, pairwise(bounds), strict=False)
                begun = [writer.begin(way, range(*part), size) for writer, part in parts]
                client_s = sum(one.result() for one in begun)
                took_s = time.perf_counter() - began
                index.end_load()
                server_s = self._server_s() - server_s
                assert index.count() == DOCUMENTS
            each_us = 1e6 / DOCUMENTS
            return Cost(DOCUMENTS / took_s, client_s * each_us, server_s * each_us, (client_s + server_s) * each_us)

        return load

    @contextmanager
    def _fresh_index(self, way: str) -> Iterator[Ours]:
        with closing(open_way(way, *self._place)) as index:
            _drop(index)
            index.ensure(MODEL)
            index.begin_load()
            yield index
            _drop(index)

    def _server_s(self) -> float:
        spent_s = self._clock.cpu_s()
        assert spent_s is not None, "the server does not report its CPU seconds"
        return spent_s


@contextmanager
def _bench(url: str, grpc_port: int) -> Iterator[Bench]:
    with ExitStack() as ending:
        writers = [ending.enter_context(closing(Writer(url, grpc_port))) for _ in range(max(WRITERS))]
        clock = ending.enter_context(backend_of(url).cpu_clock(url, OPTIONS))
        assert clock is not None, "the server runs on another machine"
        yield Bench(url, grpc_port, clock, writers)


def _measured(loads: Mapping[str, Callable[[], Cost]]) -> dict[str, list[Cost]]:
    """Run every load in each round, in alternating order, because a new server gets faster for minutes.
    The first round does not count."""
    costs: dict[str, list[Cost]] = {name: [] for name in loads}
    for number in range(ROUNDS + 1):
        for name in list(loads)[:: 1 if number % 2 else -1]:
            cost = loads[name]()
            costs[name] += [cost] if number else []
    return costs


def _print(title: str, costs: Mapping[str, Sequence[Cost]], baseline: str) -> None:
    units = {"rate": "documents/s", "client_us": "µs/document", "server_us": "µs/document", "cpu_us": "µs/document"}
    whats = ("rate", "CPU of the client", "CPU of the server", "CPU of both")
    for what, (column, unit) in zip(whats, units.items(), strict=True):
        sides = {name: [getattr(cost, column) for cost in each] for name, each in costs.items()}
        print_rates(f"Bulk, {title}: {what}, {DOCUMENTS:,} documents", unit, sides, baseline=baseline)


def _named(size: int, writers: int) -> str:
    return f"{size} a request, {writers} writer{'s' if writers > 1 else ''}"


def _drop(index: Ours) -> None:
    with suppress(IndexMissing):
        index.drop()

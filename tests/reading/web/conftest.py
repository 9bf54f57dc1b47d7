"""A web place and servers for it, with limits that let each test end soon."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from lookalike.reading.contract import Fetched, State
from lookalike.reading.web import WebOptions, WebPlace
from lookalike.reading.web.names import LookUp
from lookalike.reading.web.proxies import Proxies
from lookalike.records import Span
from lookalike.roots import Roots
from testing.services.web import WebServer

Answer = TypeVar("Answer")
MAX_BYTES = 2**20
OPTIONS = WebOptions(
    roots=Roots.parse(["127.0.0.1"]),
    max_bytes=MAX_BYTES,
    respects_robots=False,
    connect_s=5.0,
    answer_s=0.7,
    total_s=5.0,
    pace_s=0.3,
)


class Client:
    """A `WebPlace` for code that is not asynchronous; a new one for each call unless `used` keeps it open."""

    def __init__(self, **changes: Any) -> None:
        roots = changes.pop("roots", None)
        self.look_up: LookUp | None = changes.pop("look_up", None)
        self.proxies: Proxies = changes.pop("proxies", Proxies({}))
        self.options = replace(OPTIONS, **changes)
        if roots is not None:
            self.options = replace(self.options, roots=Roots.parse(roots))

    def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        return self.used(lambda place: place.fetch(uri, span))

    def fetch_unless(self, uri: str, etag: str) -> Fetched | None:
        return self.used(lambda place: place.fetch_unless(uri, etag))

    def look(self, uri: str) -> State:
        return self.used(lambda place: place.look(uri))

    def used(self, work: Callable[[WebPlace], Coroutine[Any, Any, Answer]]) -> Answer:
        async def run() -> Answer:
            place = WebPlace(self.options, self.look_up, self.proxies)
            try:
                return await work(place)
            finally:
                await place.close()

        return asyncio.run(run())


def names(**hosts: str | list[str]) -> LookUp:
    """A resolver that knows these hosts; underscores in the names stand for dots. It gives the addresses in turn."""
    answers = {
        host.replace("_", "."): [found] if isinstance(found, str) else list(found) for host, found in hosts.items()
    }

    async def look_up(host: str) -> list[str]:
        known = answers[host]
        return (known.pop(0) if len(known) > 1 else known[0]).split(",")

    return look_up


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def client() -> Client:
    return Client()

"""Fetching ahead of decoding: bounded, by host, and never held up by one of them."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from lookalike.errors import HostUnavailable, ImageRejected, ObjectUnavailable, SourceUnavailable
from lookalike.reading import hosts, incoming, places, run, slots
from lookalike.reading.allowance import received
from lookalike.reading.arrivals import Arrival, Delayed, Unchanged, Wanted
from lookalike.reading.contract import Fetched, LooksFirst, State
from lookalike.reading.hops import Hops
from lookalike.reading.hosts import host_of
from lookalike.reading.reader import Reader
from lookalike.reading.run import Delivery
from lookalike.records import ImageRef, Reason, Span
from lookalike.settings import read_settings
from lookalike.storage import local_uri
from testing.processes import await_true

#: A host that takes this long is slow, not away.
SLOW_S = 0.2


class Web(LooksFirst):
    """Hosts by name: what each does with a request. By default an answer of 10 bytes after a moment; a number is the
    seconds that it takes, an event what it waits for, a text the address that it redirects to."""

    def __init__(self) -> None:
        self.does: dict[str, Callable[[str, int], object]] = {}
        self.asked: Counter[str] = Counter()
        self.looked: Counter[str] = Counter()
        self.times: list[tuple[str, float]] = []
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.size = 10
        #: Hosts that send a byte now and then, without end.
        self.drips: set[str] = set()
        #: Hosts whose requests take so long to stop.
        self.lingers: dict[str, float] = {}

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        try:
            return await self._fetch(uri)
        except asyncio.CancelledError:
            if host_of(uri) in self.lingers:
                await asyncio.sleep(self.lingers[host_of(uri)])
                raise HostUnavailable(uri, "the connection was closed") from None
            raise

    async def _fetch(self, uri: str) -> Fetched:
        host = host_of(uri)
        self.asked[uri] += 1
        self.times.append((host, time.monotonic()))
        self.running[host] += 1
        self.most[host] = max(self.most[host], self.running[host])
        self.most[""] = max(self.most[""], sum(self.running.values()))
        try:
            await self._act(host, uri)
            while host in self.drips:
                await received(1)
                await asyncio.sleep(0.02)
            for _ in range(self.size // 10):
                await received(10)
                await asyncio.sleep(0)
            return Fetched(b"x" * self.size, "tag")
        finally:
            self.running[host] -= 1

    async def look(self, uri: str) -> State:
        self.looked[uri] += 1
        await self._act(host_of(uri), uri)
        return State("tag", self.size)

    async def close(self) -> None:
        pass

    async def _act(self, host: str, uri: str) -> None:
        await asyncio.sleep(0.005)
        done = self.does[host](uri, self.asked[uri]) if host in self.does else None
        if isinstance(done, float):
            await asyncio.sleep(done)
        elif isinstance(done, threading.Event):
            while not done.is_set():
                await asyncio.sleep(0.005)
        elif isinstance(done, str):
            Hops().take(uri, done)
            await self._act(host_of(done), done)
        elif isinstance(done, Exception):
            raise done


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    web = Web()
    for kind in (places.WEB, places.STORE):
        monkeypatch.setitem(places.MAKERS, kind, lambda settings, everywhere: web)
    monkeypatch.setattr(hosts, "FIRST_PATIENCE_S", 0.5)
    return web


@pytest.fixture
def make_reader(tmp_path: Path) -> Iterator[Callable[..., Reader]]:
    made: list[Reader] = []

    def make(**settings: object) -> Reader:
        made.append(Reader(read_settings(home=tmp_path, roots=(str(tmp_path),), **settings)))
        return made[-1]

    yield make
    for reader in made:
        reader.close()


@pytest.fixture
def reader(make_reader: Callable[..., Reader]) -> Reader:
    return make_reader()


def wanted(host: str, count: int) -> list[Wanted]:
    return [Wanted(ImageRef(f"http://{host}/{number}.jpg")) for number in range(count)]


def read(reader: Reader, items: list[Wanted], *, tries: int = 0) -> dict[str, Arrival]:
    with closing(reader.arrivals(items, tries=tries)) as arrivals:
        found = list(arrivals)
    assert Counter(item.ref.uri for item in found) == Counter(item.ref.uri for item in items), "not each exactly once"
    return {arrival.ref.uri: arrival for arrival in found}


def kinds(found: dict[str, Arrival]) -> dict[str, set[str]]:
    """What became of the images of each host."""
    all_kinds: dict[str, set[str]] = {}
    for uri, arrival in found.items():
        all_kinds.setdefault(host_of(uri), set()).add(type(arrival.result).__name__)
    return all_kinds


def waited_for(found: dict[str, Arrival]) -> set[str]:
    """The hosts that images wait for."""
    return {arrival.result.host for arrival in found.values() if isinstance(arrival.result, Delayed)}


def test_requests_run_at_the_same_time_within_the_limits_of_hosts_and_of_the_process(
    web: Web, make_reader: Callable[..., Reader]
) -> None:
    reader = make_reader(fetches=6, host_connections=4)
    items = [item for host in ("a", "b", "c") for item in wanted(host, 30)]
    assert kinds(read(reader, items)) == {f"http://{host}": {"Fetched"} for host in "abc"}
    assert web.most[""] == 6
    assert max(web.most[f"http://{host}"] for host in "abc") == 4


def test_a_store_takes_all_the_requests_of_the_process(web: Web, make_reader: Callable[..., Reader]) -> None:
    reader = make_reader(fetches=12, host_connections=4)
    uris = [f"{host}/{number}.jpg" for host in ("s3://bucket", "http://a") for number in range(120)]
    read(reader, [Wanted(ImageRef(uri)) for uri in uris if uri.startswith("s3")])
    read(reader, [Wanted(ImageRef(uri)) for uri in uris if uri.startswith("http")])
    assert (web.most["s3://bucket"], web.most["http://a"]) == (12, 4)


def test_images_come_as_they_arrive_and_local_files_meanwhile(web: Web, reader: Reader, tmp_path: Path) -> None:
    fast, slow = threading.Event(), threading.Event()
    web.does = {"http://fast": lambda uri, times: fast, "http://slow": lambda uri, times: slow}
    (tmp_path / "a.jpg").write_bytes(b"local")
    items = [*wanted("slow", 1), *wanted("fast", 1), Wanted(ImageRef(local_uri(tmp_path / "a.jpg")))]
    order = []
    # Each host answers when the image before it has come.
    for arrival, answers in zip(reader.arrivals(items), (fast, slow, slow), strict=True):
        order.append(arrival.ref.uri)
        answers.set()
    assert order == [items[2].ref.uri, items[1].ref.uri, items[0].ref.uri]


def test_other_work_is_done_while_nothing_has_arrived(web: Web, reader: Reader) -> None:
    pieces, is_done = iter([True, True, False]), threading.Event()
    web.does["http://slow"] = lambda uri, times: is_done

    def meanwhile() -> bool:
        if has_more := next(pieces):
            return has_more
        is_done.set()
        return False

    # None of the pieces waits for the image, which comes after the last one.
    assert [type(arrival.result) for arrival in reader.arrivals(wanted("slow", 1), meanwhile)] == [Fetched]
    assert is_done.is_set() and next(pieces, None) is None


def test_a_rejection_is_one_image_of_its_own(web: Web, reader: Reader) -> None:
    gone = ImageRejected(Reason.NOT_FOUND, "gone")
    web.does["http://a"] = lambda uri, times: gone if uri.endswith("/1.jpg") else None
    found = read(reader, wanted("a", 5))
    assert found["http://a/1.jpg"].result is gone
    assert sum(isinstance(item.result, Fetched) for item in found.values()) == 4
    assert web.asked["http://a/1.jpg"] == 1, "what a retry cannot help was tried again"


def test_what_passes_is_tried_again_in_place(web: Web, reader: Reader) -> None:
    web.does["http://a"] = lambda uri, times: HostUnavailable("a", "503") if times < 3 and "3" in uri else None
    assert kinds(read(reader, wanted("a", 20))) == {"http://a": {"Fetched"}}


def test_a_host_that_never_answers_holds_up_no_other(web: Web, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    web.does["http://dead"] = lambda uri, times: 60.0
    began = time.monotonic()
    found = read(reader, [*wanted("dead", 20), *wanted("alive", 40)])
    assert kinds(found) == {"http://dead": {"Delayed"}, "http://alive": {"Fetched"}}
    assert time.monotonic() - began < 30
    assert web.most["http://dead"] <= 2, "a host that has not answered yet has many connections"
    # It is known to be away from now on: nothing waits for it.
    monkeypatch.setattr(hosts, "FIRST_PATIENCE_S", 60.0)
    asked, began = web.asked.total(), time.monotonic()
    found = read(reader, [*wanted("dead", 20), *wanted("alive", 40)])
    assert kinds(found) == {"http://dead": {"Delayed"}, "http://alive": {"Fetched"}}
    assert web.asked.total() == asked + 40 and time.monotonic() - began < 30


def test_a_process_that_did_not_run_for_a_while_holds_nothing_against_a_host(
    web: Web, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_awake = threading.Event()
    web.does["http://a"] = lambda uri, times: is_awake

    class Late(SimpleQueue[Delivery]):
        """Whoever takes from it wakes up late, the first time."""

        def get(self, block: bool = True, timeout: float | None = None) -> Delivery:
            if is_awake.is_set():
                return super().get(block, timeout)
            time.sleep(2 * hosts.FIRST_PATIENCE_S)
            is_awake.set()
            raise Empty

    monkeypatch.setattr(incoming, "SimpleQueue", Late)
    assert kinds(read(reader, wanted("a", 1))) == {"http://a": {"Fetched"}}


@pytest.mark.parametrize("linger_s", [0.05, 1.5])
def test_a_request_that_is_slow_to_stop_delivers_its_image_once(web: Web, reader: Reader, linger_s: float) -> None:
    # A host that has answered before gets more time: meanwhile the other one is looked at again.
    read(reader, wanted("known", 2))
    for host in ("dead", "known"):
        web.does[f"http://{host}"] = lambda uri, times: 60.0
        web.lingers[f"http://{host}"] = linger_s
    found = read(reader, [*wanted("dead", 2), *wanted("known", 2)])
    assert kinds(found) == {"http://dead": {"Delayed"}, "http://known": {"Delayed"}}


def test_many_hosts_that_never_answer_make_no_other_host_away(web: Web, make_reader: Callable[..., Reader]) -> None:
    """They take all requests of the process; whoever waits for one is not silent."""
    dead = [f"dead{number}" for number in range(10)]
    web.does = {f"http://{host}": lambda uri, times: 60.0 for host in dead}
    found = read(make_reader(fetches=4), [*(item for host in dead for item in wanted(host, 3)), *wanted("alive", 40)])
    assert kinds(found)["http://alive"] == {"Fetched"}
    assert all(kinds(found)[f"http://{host}"] == {"Delayed"} for host in dead)
    assert all(web.asked[f"http://{host}/0.jpg"] for host in dead), "a host counts as away that nobody asked"


@pytest.mark.parametrize("count", [3, 12], ids=["as many as there are requests", "more"])
def test_hosts_that_send_a_byte_now_and_then_hold_up_no_other(
    web: Web, make_reader: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(slots, "SLOW_S", 0.2)
    monkeypatch.setattr(run, "TRICKLE_S", 300.0)
    slow = [f"slow{number}" for number in range(count)]
    web.drips = {f"http://{host}" for host in slow}
    items = [*(item for host in slow for item in wanted(host, 5)), *wanted("alive", 40)]
    left = {item.ref.uri for item in wanted("alive", 40)}
    began = time.monotonic()
    with closing(make_reader(fetches=6).arrivals(items)) as arrivals:
        while left:
            arrival = next(arrivals)
            left.discard(arrival.ref.uri)
            assert isinstance(arrival.result, Fetched) == ("alive" in arrival.ref.uri)
    assert time.monotonic() - began < 30
    assert web.most[""] <= 2 * 6


def test_an_image_of_which_nobody_was_asked_has_nothing_against_it(
    web: Web, make_reader: Callable[..., Reader]
) -> None:
    """The images of a host that drips waited for their host, the other ones for their turn."""
    web.drips = {"http://slow"}
    found = read(make_reader(fetches=2, time_limit_s=5), [*wanted("slow", 5), *wanted("alive", 5)])
    progress = {uri: item.result.has_progress for uri, item in found.items() if isinstance(item.result, Delayed)}
    assert progress == {uri: "alive" in uri for uri in found}


@pytest.mark.parametrize(("tries", "shortest_s"), [(0, 0.5), (2, 2.0)])
def test_the_last_images_of_a_chunk_that_drip_do_not_hold_its_process(
    web: Web, reader: Reader, monkeypatch: pytest.MonkeyPatch, tries: int, shortest_s: float
) -> None:
    monkeypatch.setattr(run, "TRICKLE_S", 0.5)
    web.drips = {f"http://slow{number}" for number in range(5)}
    began = time.monotonic()
    slow = [item for number in range(5) for item in wanted(f"slow{number}", 2)]
    found = read(reader, [*slow, *wanted("alive", 20)], tries=tries)
    assert kinds(found) == {"http://alive": {"Fetched"}} | {host: {"Delayed"} for host in web.drips}
    assert time.monotonic() - began >= shortest_s
    errors = [item.result.error.why for item in found.values() if isinstance(item.result, Delayed)]
    assert "it sends too slowly" in errors


def test_a_large_image_on_a_fair_line_is_waited_for(web: Web, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TRICKLE_S", 1.0)
    monkeypatch.setattr(run, "TRICKLE_BYTES_PER_S", 1)
    web.drips = {"http://fair"}
    threading.Timer(2.5, web.drips.clear).start()
    assert kinds(read(reader, wanted("fair", 1))) == {"http://fair": {"Fetched"}}


def test_a_host_that_is_asked_seldom_is_not_slow(
    web: Web, make_reader: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "TRICKLE_S", 1.5)
    for patience in ("FIRST_PATIENCE_S", "SHORTEST_PATIENCE_S"):
        monkeypatch.setattr(hosts, patience, 10.0)
    web.does["http://a"] = lambda uri, times: 0.2
    # The second image is asked for when nothing has come for longer than the last ones may take.
    assert kinds(read(make_reader(host_rate=0.55), wanted("a", 2))) == {"http://a": {"Fetched"}}


def redirects(web: Web, sources: Iterable[str], target: str) -> None:
    """All images of some hosts lie at another one."""
    for host in sources:
        web.does[f"http://{host}"] = lambda uri, times: f"http://{target}/{uri.partition('//')[2]}"


def test_a_host_that_others_redirect_to_has_its_own_limits(web: Web, make_reader: Callable[..., Reader]) -> None:
    sources = [f"h{number}" for number in range(10)]
    redirects(web, sources, "cdn")
    items = [item for host in sources for item in wanted(host, 6)]
    found = read(make_reader(host_connections=4), items)
    assert {type(item.result) for item in found.values()} == {Fetched}
    assert web.most["http://cdn"] == 4 and sum("//cdn/" in uri for uri in web.asked.elements()) == 60
    began = time.monotonic()
    read(make_reader(host_rate=20), [item for host in sources for item in wanted(host, 1)])
    assert time.monotonic() - began >= 0.45, "the requests a second of the target are not bounded"


def test_a_host_is_not_away_because_one_is_that_it_redirects_to(web: Web, reader: Reader) -> None:
    web.does["http://dead"] = lambda uri, times: HostUnavailable("http://dead", "connection refused")
    web.does["http://a"] = lambda uri, times: f"http://dead/{uri[-5]}" if int(uri[-5]) < 5 else None
    for _ in range(2):
        found = read(reader, wanted("a", 10))
        assert Counter(type(item.result) for item in found.values()) == {Fetched: 5, Delayed: 5}
        assert waited_for(found) == {"http://dead"}


def test_whoever_waits_for_its_turn_at_the_target_of_a_redirect_is_not_silent(
    web: Web, make_reader: Callable[..., Reader]
) -> None:
    redirects(web, ["a"], "cdn")
    web.drips = {"http://cdn"}
    threading.Timer(1.5, web.drips.clear).start()
    found = read(make_reader(host_connections=1), [*wanted("a", 6), *wanted("b", 1)])
    assert {type(item.result) for item in found.values()} == {Fetched}


def test_a_host_that_is_back_is_noticed_in_the_background(
    web: Web, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "SHORTEST_AWAY_S", 0.1)
    monkeypatch.setattr(hosts, "LONGEST_AWAY_S", 0.2)
    web.does["http://a"] = lambda uri, times: HostUnavailable("a", "connection refused")
    assert kinds(read(reader, wanted("a", 10))) == {"http://a": {"Delayed"}}
    del web.does["http://a"]
    deadline = time.monotonic() + 20
    while kinds(read(reader, wanted("a", 10))) != {"http://a": {"Fetched"}}:
        assert time.monotonic() < deadline, "the host is never asked again"
        time.sleep(0.05)
    assert web.looked.total() >= 1


def test_a_host_is_back_although_one_is_away_that_it_redirects_to(
    web: Web, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "SHORTEST_AWAY_S", 0.1)
    monkeypatch.setattr(hosts, "LONGEST_AWAY_S", 0.2)
    web.does["http://a"] = web.does["http://dead"] = lambda uri, times: HostUnavailable("a", "connection refused")
    assert kinds(read(reader, wanted("a", 10))) == {"http://a": {"Delayed"}}
    redirects(web, ["a"], "dead")
    await_true(lambda: waited_for(read(reader, wanted("a", 1))) == {"http://dead"})


def test_one_image_that_fails_does_not_make_its_host_away(web: Web, reader: Reader) -> None:
    web.does["http://a"] = lambda uri, times: HostUnavailable("a", "500") if uri.endswith("/7.jpg") else None
    for _ in range(3):
        found = read(reader, wanted("a", 10))
        assert sum(isinstance(item.result, Delayed) for item in found.values()) == 1
        assert isinstance(found["http://a/7.jpg"].result, Delayed)


def test_objects_that_always_fail_do_not_make_their_store_away(web: Web, reader: Reader) -> None:
    sick = {item.ref.uri for item in wanted("store", 5)}
    web.does["http://store"] = lambda uri, times: ObjectUnavailable("store", "500") if uri in sick else None
    found = read(reader, wanted("store", 20))
    results = {uri: arrival.result for uri, arrival in found.items()}
    delayed = {uri: result for uri, result in results.items() if isinstance(result, Delayed)}
    assert delayed.keys() == sick and not any(result.has_progress for result in delayed.values())
    # They were the last ones that were asked for.
    read(reader, wanted("store", 5))
    assert kinds(read(reader, wanted("store", 20)[5:])) == {"http://store": {"Fetched"}}


def test_nothing_speaks_against_an_image_that_its_host_was_not_asked_for(web: Web, reader: Reader) -> None:
    read(reader, wanted("a", 3))
    web.does["http://a"] = lambda uri, times: HostUnavailable("a", "reset")
    found = [arrival.result for arrival in read(reader, wanted("a", 3)).values()]
    later = [arrival.result for arrival in read(reader, wanted("a", 9)[3:]).values()]
    assert [isinstance(result, Delayed) and result.has_progress for result in found + later] == [False] * 3 + [True] * 6
    assert web.asked["http://a/5.jpg"] == 0


def test_a_slow_host_gets_more_time_when_its_images_are_tried_again(web: Web, reader: Reader) -> None:
    web.does["http://slow"] = lambda uri, times: 0.8
    assert kinds(read(reader, [*wanted("slow", 2), *wanted("b", 2)])) == {
        "http://slow": {"Delayed"},
        "http://b": {"Fetched"},
    }
    # Meanwhile it was asked in the background, and has answered.
    deadline = time.monotonic() + 20
    while kinds(read(reader, wanted("slow", 2), tries=1)) != {"http://slow": {"Fetched"}}:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_host_that_asks_to_wait_is_left_alone_so_long(web: Web, reader: Reader) -> None:
    web.does["http://a"] = lambda uri, times: (
        HostUnavailable("a", "429", retry_after_s=0.3) if times == 1 and uri.endswith("/2.jpg") else None
    )
    assert kinds(read(reader, wanted("a", 12))) == {"http://a": {"Fetched"}}
    at = [when for _, when in web.times]
    assert max(later - sooner for sooner, later in pairwise(at)) >= 0.25


def test_images_of_a_host_that_asks_to_wait_long_are_put_aside_and_nothing_speaks_against_them(
    web: Web, reader: Reader
) -> None:
    web.does["http://a"] = lambda uri, times: HostUnavailable("a", "429", retry_after_s=3600)
    found = read(reader, [*wanted("a", 6), *wanted("b", 6)])
    assert kinds(found) == {"http://a": {"Delayed"}, "http://b": {"Fetched"}}
    delayed = [item.result for item in found.values() if isinstance(item.result, Delayed)]
    assert len(delayed) == 6 and all(item.has_progress for item in delayed)
    assert web.asked.total() <= 2 + 6, "a host that asks to wait is asked again"


def test_requests_a_second_are_bounded(web: Web, make_reader: Callable[..., Reader]) -> None:
    reader = make_reader(host_rate=20)
    began = time.monotonic()
    assert kinds(read(reader, wanted("a", 11))) == {"http://a": {"Fetched"}}
    assert time.monotonic() - began >= 0.5


def test_the_bytes_of_all_requests_are_bounded_and_large_images_do_not_wait_for_each_other(
    web: Web, make_reader: Callable[..., Reader]
) -> None:
    web.size = 1000
    reader = make_reader(fetch_bytes=2500)
    most = 0
    with closing(reader.arrivals(wanted("a", 30))) as arrivals:
        for arrival in arrivals:
            assert isinstance(arrival.result, Fetched), "an image waits for one that waits for its turn"
            most = max(most, reader._remote._ahead.allowance.held)  # type: ignore[union-attr]
    assert 2000 <= most <= 2500 + 1000
    # One image that is larger than everything that may be held.
    web.size = 5000
    assert kinds(read(reader, wanted("b", 4))) == {"http://b": {"Fetched"}}


def test_bytes_are_not_fetched_if_the_etag_is_the_same(web: Web, reader: Reader) -> None:
    items = [Wanted(ImageRef("http://a/1.jpg"), "tag"), Wanted(ImageRef("http://a/2.jpg"), "other")]
    found = read(reader, items)
    assert found["http://a/1.jpg"].result == Unchanged("tag")
    assert isinstance(found["http://a/2.jpg"].result, Fetched)
    assert web.asked == {"http://a/2.jpg": 1}


def test_a_local_file_with_the_same_etag_is_not_read(reader: Reader, tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(b"content")
    ref = ImageRef(local_uri(image))
    times = reader.times(ref.uri)
    deadline = time.monotonic() + 20
    while not (etag := reader.state(ref.uri).etag):
        assert time.monotonic() < deadline, times
        time.sleep(0.1)
    assert [arrival.result for arrival in reader.arrivals([Wanted(ref, etag)])] == [Unchanged(etag)]
    assert [arrival.result for arrival in reader.arrivals([Wanted(ref, "other")])] == [Fetched(b"content", etag)]


def test_a_store_that_is_away_altogether_delays_its_own_images(web: Web, reader: Reader) -> None:
    web.does["http://store"] = lambda uri, times: SourceUnavailable("store", "it is away")
    found = read(reader, [*wanted("store", 20), *wanted("b", 5)])
    assert kinds(found) == {"http://store": {"Delayed"}, "http://b": {"Fetched"}}
    assert web.asked.total() < 20, "each image of a store that is away is tried"


def test_the_rest_of_a_chunk_is_put_aside_when_its_time_is_over(web: Web, make_reader: Callable[..., Reader]) -> None:
    reader = make_reader(time_limit_s=5, host_connections=1)
    web.does["http://a"] = lambda uri, times: SLOW_S
    began = time.monotonic()
    found = read(reader, wanted("a", 100))
    assert kinds(found) == {"http://a": {"Fetched", "Delayed"}}
    assert time.monotonic() - began < 15
    assert all(item.result.has_progress for item in found.values() if isinstance(item.result, Delayed))


def test_an_iterator_that_is_left_early_stops_its_requests(web: Web, reader: Reader) -> None:
    web.does["http://a"] = lambda uri, times: SLOW_S
    with closing(reader.arrivals(wanted("a", 100))) as arrivals:
        next(arrivals)
    assert kinds(read(reader, wanted("b", 3))) == {"http://b": {"Fetched"}}
    allowance = reader._remote._ahead.allowance  # type: ignore[union-attr]
    await_true(lambda: allowance.held == 0)
    asked = sum("http://a" in uri for uri in web.asked.elements())
    time.sleep(2 * SLOW_S)
    assert sum("http://a" in uri for uri in web.asked.elements()) == asked


@pytest.mark.parametrize(
    "uri, host",
    [
        ("https://user:secret@a.example:8443/x.jpg?y#z", "https://a.example:8443"),
        ("HTTP://A.example/x.jpg", "http://a.example"),
        ("https://a.example.:8443/x.jpg", "https://a.example:8443"),
        ("http://[::1]:80/a@b.jpg", "http://[::1]:80"),
        ("http://[broken/x.jpg", "http://[broken"),
        ("http://a.example?x@b", "http://a.example"),
        ("s3://bucket/folder/x.tar#1.jpg", "s3://bucket"),
        ("/pictures/x.tar#1.jpg", "/pictures/x.tar"),
    ],
)
def test_images_of_one_host_share_its_limits(uri: str, host: str) -> None:
    assert host_of(uri) == host


def test_the_error_of_a_host_that_is_away_does_not_grow_with_each_image(web: Web, reader: Reader) -> None:
    web.does["http://a"] = lambda uri, times: HostUnavailable("a", "connection refused")
    read(reader, wanted("a", 10))
    (result, *_) = (item.result for item in read(reader, wanted("a", 200)).values())
    assert isinstance(result, Delayed)
    depth, trace = 0, result.error.__traceback__
    while trace:
        depth, trace = depth + 1, trace.tb_next
    assert depth < 20

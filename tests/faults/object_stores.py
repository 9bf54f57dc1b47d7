"""Faults of the object stores that images lie in: they are away, ask for fewer requests, or break off a listing."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from lookalike.records import Reason
from testing.processes import await_true
from testing.services.s3 import Asked, Fault, S3Proxy, S3Server
from testing.services.web import WebServer
from tests.faults.hosts import OF_A_HOST, SHARE
from tests.faults.images import Source
from tests.faults.rig import PATIENT_TIMEOUT_S, Producer, Rig

BUCKET = "pictures"
#: Pages of a listing, of which some break off.
PAGES = 8
#: A store is filled with so many requests at once.
UPLOADS = 8
#: An answer of 503 to each share of requests, of which a tenth says when to come again.
SHARE_503 = 0.4


def absent_store(rig: Rig, source: Source, times: int) -> Producer:
    """A store resets every connection for a while. Nothing but its own images waits for it."""
    with beside_a_host(rig, source) as listing:
        producer = rig.ingest(listing)
        rig.continues_for(producer, len(source) // 10)
        rig.store.faults = [Fault(is_reset=True)]
        began = time.monotonic()
        await_true(rig.only_waits, PATIENT_TIMEOUT_S)
        time.sleep(max(0.0, rig.place.pace.away_s - (time.monotonic() - began)))
        rig.injected["store away"] += 1
        rig.store.heal()
        rig.host_is_back()
        rig.complete(producer)
    return producer


def throttling_store(rig: Rig, source: Source, times: int) -> Producer:
    """A store answers many requests with SlowDown, and some with Retry-After."""
    with beside_a_host(rig, source) as listing:
        slow_down = Fault(_share(SHARE_503), status=503, code="SlowDown")
        later = Fault(_share(SHARE_503 / 10), status=503, code="SlowDown", headers={"Retry-After": "1"})
        before = slow_down.times, later.times
        rig.store.faults = [later, slow_down]
        producer = rig.ingest(listing)
        rig.complete(producer, PATIENT_TIMEOUT_S)
        rig.injected["SlowDown"] += before[0] - slow_down.times
        rig.injected["SlowDown with Retry-After"] += before[1] - later.times
    return producer


def broken_listing(rig: Rig, source: Source, times: int) -> Producer:
    """A listing is cut in the middle and goes on, and then breaks off for good; the user runs it again."""
    with bucket_of(rig, source) as whole:
        # The producer lists it twice: to count, and to ingest.
        rig.store.faults = [
            Fault(is_page(2), 4, cut_after=200),
            Fault(is_page(4), 3, is_reset=True),
            Fault(is_page(6), status=500),
        ]
        producer = rig.ingest(whole)
        assert producer.wait(PATIENT_TIMEOUT_S) != 0, "half of a listing counts as all"
        assert "broke off" in producer.errors(), producer.errors()
        rig.injected["listing cut"] += 7
        rig.injected["listing broken off"] += 1
        rig.store.heal()
        again = rig.ingest(whole)
        rig.complete(again)
    return again


def _share(share: float) -> Callable[[Asked], bool]:
    chance = random.Random(1)
    return lambda asked: chance.random() < share


def is_page(number: int) -> Callable[[Asked], bool]:
    """Requests for the page with this number, counted from 1, of the first listing that has so many pages."""
    tokens: list[str] = []

    def concerns(asked: Asked) -> bool:
        token = asked.query.get("continuation-token", "")
        if asked.is_list and token and token not in tokens:
            tokens.append(token)
        return asked.is_list and token in tokens[number - 2 : number - 1]

    return concerns


@contextmanager
def beside_a_host(rig: Rig, source: Source) -> Iterator[Source]:
    """A list of the same images, every third in a store and the others on a host. `source` has their addresses then."""
    uris = [*source.good, *source.bad]
    stored = {uri for number, uri in enumerate(uris) if number % SHARE == 0}
    with WebServer() as host, _store(rig, stored, len(uris)):
        host.serve(source.folder)
        places = {uri: f"s3://{BUCKET}" if uri in stored else host.url for uri in uris}
        names = {uri: f"{places[uri]}/{Path(uri).name}" for uri in uris}
        on_host = {uri: OF_A_HOST.get(reason, reason) for uri, reason in source.bad.items() if uri not in stored}
        in_store = {uri: _of_a_store(reason) for uri, reason in source.bad.items() if uri in stored}
        source.rename(names, on_host | in_store)
        listing = source.folder.parent / "urls.txt"
        listing.write_text("\n".join(sorted(names.values(), key=lambda name: name.rpartition("/")[2])))
        yield Source(listing, source.good, source.bad)


@contextmanager
def bucket_of(rig: Rig, source: Source) -> Iterator[Source]:
    """The images as the objects of a bucket. What is no file is none, and nobody misses it."""
    for uri in [uri for uri, reason in source.bad.items() if reason is Reason.NOT_REGULAR]:
        del source.bad[uri]
    uris = [*source.good, *source.bad]
    with _store(rig, uris, len(uris) // PAGES + 1):
        source.rename({uri: f"s3://{BUCKET}/{Path(uri).name}" for uri in uris}, dict(source.bad))
        yield Source(source.folder, source.good, source.bad, f"s3://{BUCKET}")


@contextmanager
def _store(rig: Rig, paths: Iterable[str], page_keys: int) -> Iterator[S3Proxy]:
    """The store of the rig, filled with these files."""
    with S3Server(page_keys) as server, ThreadPoolExecutor(UPLOADS) as uploads:
        rig.store.behind = server.url
        server.bucket(BUCKET)
        client = server.client()
        files = [path for path in map(Path, paths) if path.is_file()]
        list(uploads.map(lambda path: client.put_object(Bucket=BUCKET, Key=path.name, Body=path.read_bytes()), files))
        try:
            yield rig.store
        finally:
            rig.store.heal()


def _of_a_store(reason: Reason) -> Reason:
    return Reason.NOT_FOUND if reason is Reason.NOT_REGULAR else reason

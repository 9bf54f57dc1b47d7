"""Faults of the hosts that images lie on: they hang, are away, or are busy."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike.records import Reason
from testing.processes import await_true
from testing.services.web import WebServer
from tests.faults.images import Source
from tests.faults.rig import END_TIMEOUT_S, PATIENT_TIMEOUT_S, Producer, Rig

#: Every third image lies on the host that fails.
SHARE = 3
#: Why an image is rejected that lies on a host: a FIFO is not served, and a text is told from an image.
OF_A_HOST = {Reason.NOT_REGULAR: Reason.NOT_FOUND, Reason.UNSUPPORTED: Reason.NOT_AN_IMAGE}


def hanging_host(rig: Rig, source: Source, times: int) -> Producer:
    """A host takes requests and answers none; a worker is killed while its images are put aside."""
    with _hosts(source) as (listing, bad):
        bad.hangs = True
        producer = rig.ingest(listing)
        await_true(lambda: rig.broker.aside() > 0, END_TIMEOUT_S)
        for number in range(times):
            rig.workers.kill(rig.workers.names[number % len(rig.workers.names)])
            rig.injected["worker killed while images wait"] += 1
        await_true(rig.only_waits, PATIENT_TIMEOUT_S)
        bad.hangs = False
        rig.host_is_back()
        rig.complete(producer)
    return producer


def absent_host(rig: Rig, source: Source, times: int) -> Producer:
    """A host resets every connection for a while."""
    with _hosts(source) as (listing, bad):
        bad.share_reset = 1.0
        producer = rig.ingest(listing)
        began = time.monotonic()
        await_true(rig.only_waits, PATIENT_TIMEOUT_S)
        time.sleep(max(0.0, rig.place.pace.away_s - (time.monotonic() - began)))
        rig.injected["host away"] += 1
        bad.share_reset = 0.0
        rig.host_is_back()
        rig.complete(producer)
    return producer


def busy_host(rig: Rig, source: Source, times: int) -> Producer:
    """Every third answer of a host is 503 with Retry-After, and one in a hundred connections is reset."""
    with _hosts(source) as (listing, bad):
        bad.share_503, bad.retry_after, bad.share_reset = 0.3, "1", 0.01
        producer = rig.ingest(listing)
        rig.complete(producer, PATIENT_TIMEOUT_S)
        rig.injected["503"] += bad.refused
    return producer


@contextmanager
def _hosts(source: Source) -> Iterator[tuple[Source, WebServer]]:
    """A list of the same images, on a host that is in order and on one that fails. `source` has their addresses
    then."""
    with WebServer() as good, WebServer(host="127.0.0.2") as bad:
        for server in (good, bad):
            server.serve(source.folder)
        uris = [*source.good, *source.bad]
        urls = {uri: _url(uri, bad if number % SHARE == 0 else good) for number, uri in enumerate(uris)}
        source.rename(urls, {uri: OF_A_HOST.get(reason, reason) for uri, reason in source.bad.items()})
        listing = source.folder.parent / "urls.txt"
        listing.write_text("\n".join(sorted(urls.values(), key=lambda url: url.rpartition("/")[2])))
        yield Source(listing, source.good, source.bad), bad


def _url(uri: str, server: WebServer) -> str:
    return f"{server.url}/{Path(uri).name}"

"""A table over three hosts and a bucket, one host dead, workers and OpenSearch killed in between: row by row right."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lookalike.records import Reason
from testing.services.opensearch import request
from testing.services.ports import free_port
from testing.services.s3 import S3Server
from testing.services.web import Answer, WebServer
from tests.faults.images import Source, image
from tests.faults.rig import Place, Rig

ROWS = 1200
#: Different images; the other rows repeat them under other uris.
IMAGES = 20
DEAD_EVERY = 25
#: Long enough to survive the outages, short enough for a test.
HOST_WAIT_S = 10


@dataclass(frozen=True)
class Row:
    """A row of the table and what must become of it: a document, or a record with this uri and reason."""

    number: int
    cell: str
    uri: str
    reason: Reason | None = None
    year: str = "2020"

    @property
    def label(self) -> str:
        return f"label {self.number % 7}"

    @property
    def values(self) -> tuple[str, str, str, str]:
        return self.cell, self.label, self.year, f"brand {self.number % 3}"


@dataclass(frozen=True)
class Places:
    """Addresses, without a slash at the end."""

    hosts: tuple[str, str]
    dead: str
    bucket: str
    table: Path

    def good(self, number: int) -> Row:
        return self._at((*self.hosts, self.bucket)[number % 3], f"{number % IMAGES}.jpg?{number}", number)

    def lost(self, number: int) -> Row:
        return self._at(self.dead, f"{number}.jpg", number, Reason.HOST_UNAVAILABLE)

    def bad(self, number: int) -> Row:
        """A row of the next kind of bad ones."""
        first, second = self.hosts
        kinds = (
            self._at(first, f"gone-{number}.jpg", number, Reason.NOT_FOUND),
            self._at(first, f"page.jpg?{number}", number, Reason.NOT_AN_IMAGE),
            self._at(second, f"denied.jpg?{number}", number, Reason.FORBIDDEN),
            self._at(second, f"cut.jpg?{number}", number, Reason.TRUNCATED),
            self._at(self.bucket, f"gone-{number}.jpg", number, Reason.NOT_FOUND),
            self._at(self.bucket, f"empty.jpg?{number}", number, Reason.EMPTY),
            self._row("", number, Reason.BAD_URI),
            self._row("gopher://host/a.jpg", number, Reason.BAD_URI),
            self._row(f"{first}/{number}.jpg", number, Reason.BAD_METADATA, year="soon"),
        )
        return kinds[number // DEAD_EVERY % len(kinds)]

    def rows(self) -> Iterator[Row]:
        for number in range(1, ROWS + 1):
            kind = {0: self.lost, 7: self.bad}.get(number % DEAD_EVERY, self.good)
            yield kind(number)

    def _at(self, place: str, name: str, number: int, reason: Reason | None = None) -> Row:
        name = name.replace("?", "-") if place == self.bucket else name
        return Row(number, f"{place}/{name}", f"{place}/{name}", reason)

    def _row(self, cell: str, number: int, reason: Reason, year: str = "2020") -> Row:
        return Row(number, cell, f"{self.table}#row={number}", reason, year)


def serve(server: WebServer) -> None:
    for number in range(IMAGES):
        server.put(f"/{number}.jpg", image(number))
    server.put("/page.jpg", Answer(b"<!doctype html><p>Sold out", content_type="text/html"))
    server.put("/denied.jpg", Answer(b"no", 403, "text/plain"))
    server.put("/cut.jpg", image(0)[:400])


def content(row: Row) -> bytes:
    return b"" if row.reason is Reason.EMPTY else image(row.number % IMAGES)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Places, S3Server]]:
    with ExitStack() as stack:
        hosts = [stack.enter_context(WebServer(host=host)) for host in ("127.0.0.1", "127.0.0.2")]
        for server in hosts:
            serve(server)
        store = stack.enter_context(S3Server())
        dead = f"http://127.0.0.3:{free_port()}"
        yield Places((hosts[0].url, hosts[1].url), dead, "s3://pictures", tmp_path / "table.csv"), store


@pytest.fixture
def rows(places: tuple[Places, S3Server]) -> list[Row]:
    """The rows of the table, which is written, and whose objects are in the bucket."""
    at, store = places
    rows = list(at.rows())
    with at.table.open("w", newline="") as file:
        csv.writer(file).writerows([("image_url", "label", "year", "brand"), *(row.values for row in rows)])
    objects = [row for row in rows if row.uri.startswith(at.bucket) and row.reason in (None, Reason.EMPTY)]
    store.bucket("pictures", {row.uri.removeprefix(f"{at.bucket}/"): content(row) for row in objects})
    return rows


def documents(rig: Rig) -> dict[str, dict[str, Any]]:
    """Uri -> document; a uri that has two fails."""
    request(rig.index_url, "POST", f"/{rig.index}/_refresh")
    body = {"size": 10_000, "_source": {"excludes": ["image_embedding"]}}
    hits = request(rig.index_url, "POST", f"/{rig.index}/_search", body)["hits"]["hits"]
    found = {hit["_source"]["uri"]: hit["_source"] for hit in hits}
    assert len(found) == len(hits)
    return found


def kill_in_between(rig: Rig) -> None:
    """Workers and the index, in turns, while rows are in work."""
    first, second = rig.workers.names
    rig.inject("worker killed", lambda: rig.workers.kill(first))
    rig.place.opensearch.kill()
    rig.place.opensearch.restart()
    rig.inject("worker killed", lambda: rig.workers.kill(second))


@pytest.mark.xdist_group("a table of hosts")
def test_every_row_is_one_document_or_one_rejection_with_its_reason(
    place: Place, tmp_path: Path, places: tuple[Places, S3Server], rows: list[Row]
) -> None:
    if not place.opensearch.is_ours:
        pytest.skip("the OpenSearch at OPENSEARCH_URL is not ours to break")
    settings = {"host_wait_s": HOST_WAIT_S, "chunk_size": 50, "queue_limit": 8}
    source = Source(tmp_path, {}, {}, str(places[0].table), ("--metadata", "year:int,brand"))
    with Rig(place, tmp_path / "rig", "table", settings=settings, decode_s=0.0) as rig:
        rig.store.behind = places[1].url
        producer = rig.ingest(source)
        assert rig.continues_for(producer, ROWS // 10), producer.errors()
        kill_in_between(rig)
        summary = rig.complete(producer)
        assert rig.runs == 1, producer.errors()
        assert rig.injected["worker killed"] == 2
        assert summary["found"] == ROWS == summary["indexed"] + summary["unchanged"] + summary["rejected"]
        check(rows, rig)
        again = rig.complete(rig.ingest(source))
        rejected = sum(row.reason is not None for row in rows)
        assert (again["found"], again["indexed"]) == (ROWS, 0)
        assert (again["unchanged"], again["rejected"]) == (ROWS - rejected, rejected)
        check(rows, rig)


def check(rows: list[Row], rig: Rig) -> None:
    """Each row is compared with its document, or with its record."""
    stored, lists = documents(rig), [rig.broker.rejections(job) for job in rig.broker.jobs()]
    records = Counter(uri for listed in lists for uri in listed)
    assert set(records.values()) == {1}, "an image is on the lists of several jobs"
    reasons = {uri: reason for listed in lists for uri, reason in listed.items()}
    assert {row.uri: row.reason for row in rows if row.reason} == reasons
    wanted = {row.uri: row for row in rows if not row.reason}
    assert stored.keys() == wanted.keys()
    for uri, document in stored.items():
        row = wanted[uri]
        told = document["name"], document["metadata"]
        assert told == (row.label, {"year": int(row.year), "brand": f"brand {row.number % 3}"}), uri

"""Tables on web hosts: read by parts where the host gives them, otherwise through a copy on the disk."""

import csv
import gzip
import io
import random
from collections.abc import Callable, Iterator

import pyarrow
import pytest
from pyarrow import parquet

from lookalike.errors import LookalikeError, SourceMissing, SourceUnavailable
from lookalike.reading import opened, patient
from lookalike.records import ImageRef
from lookalike_producer.check_sources import check_sources
from lookalike_producer.sources import find_images
from lookalike_producer.tables.options import TableOptions
from testing.services.web import Answer, BreaksOff, WebServer
from tests.producer.tables.written import images, read, refused

ROWS = 3000


def _names() -> list[str]:
    chance = random.Random(1)
    return [f"{chance.getrandbits(200):050x}.jpg" for _ in range(ROWS)]


def _csv(names: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([("file", "year"), *((name, 2000 + number) for number, name in enumerate(names))])
    return text.getvalue().encode()


def _parquet(names: list[str]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"file": names, "year": range(2000, 2000 + len(names))}), file)
    return file.getvalue()


CONTENTS = {
    "rows.csv": _csv(_names()),
    "rows.csv.gz": gzip.compress(_csv(_names()), 1),
    "rows.parquet": _parquet(_names()),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setattr(opened, "BLOCK_BYTES", 50_000)
    with WebServer() as server:
        yield server


def _chunked(content: bytes) -> Answer:
    pieces = b"".join(
        b"%x\r\n%b\r\n" % (len(piece), piece)
        for piece in (content[at : at + 9000] for at in range(0, len(content), 9000))
    )
    extra = {"Content-Length": None, "Transfer-Encoding": "chunked"}
    return Answer(pieces + b"0\r\n\r\n", knows_ranges=False, extra=extra)


HOSTS: dict[str, Callable[[bytes], Answer]] = {
    "gives parts": Answer,
    "gives no parts": lambda content: Answer(content, knows_ranges=False),
    "says no length": _chunked,
    "packs what it sends": lambda content: Answer(
        content if content.startswith(b"\x1f\x8b") else gzip.compress(content),
        knows_ranges=False,
        extra={"Content-Encoding": "gzip"},
    ),
}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("name", CONTENTS)
def test_a_table_on_a_host_is_read_whatever_the_host_can(name: str, host: str, server: WebServer) -> None:
    answer = HOSTS[host](CONTENTS[name])
    url = server.put(f"/shop/{name}", answer)
    expected = {f"{server.url}/shop/{name}": (None, {"year": 2000 + n}) for n, name in enumerate(_names())}
    assert images(f"{url}?v=1", metadata="all") == expected
    whole = [request for request in server.requests if "range" not in request.headers]
    # The copy serves every pass.
    assert len(whole) == (0 if host == "gives parts" else 1)


def test_paths_are_those_of_a_page_and_never_files_of_this_machine(server: WebServer) -> None:
    rows = ["file", "a b.jpg", "../up.jpg", "/top.jpg", "//other.example/c.jpg", "https://h/d.jpg", "x:y.jpg"]
    url = server.put("/shop/t/rows.csv", "\n".join([*rows, "file:///etc/passwd", "~/e.jpg"]).encode())
    found = read(url)
    shop = f"{server.url}/shop"
    assert [ref.uri for ref in found[:6]] == [
        *(f"{shop}/t/a%20b.jpg", f"{shop}/up.jpg", f"{server.url}/top.jpg", "http://other.example/c.jpg"),
        *("https://h/d.jpg", f"{shop}/t/x:y.jpg"),
    ]
    assert "names no files of this machine" in refused(found)["row=7"][1]
    assert found[-1].uri == f"{shop}/t/~/e.jpg"


def test_a_row_of_tables_is_one_table(server: WebServer) -> None:
    for number in (0, 2):
        server.put(f"/t-{number}.jsonl", b'{"url": "https://h/%d.jpg"}\n{"url": "https://h/x.jpg"}' % number)
    found = read(f"{server.url}/t-{{0..2}}.jsonl")
    assert {ref.uri for ref in found} == {
        "https://h/0.jpg",
        "https://h/2.jpg",
        "https://h/x.jpg",
        server.url + "/t-1.jsonl",
    }
    assert refused(found)[f"{server.url}/t-1.jsonl"][0] == "not_found"


BAD = {
    "/gone.csv": (Answer(b"", 404), "404"),
    "/secret.csv": (Answer(b"", 403), "403"),
    "/empty.csv": (Answer(b""), "is empty"),
    "/empty.parquet": (Answer(b""), "is empty"),
    "/page.csv": (Answer(b"<!doctype html><html><body>Log in</body></html>"), "no column"),
    "/page.parquet": (Answer(b"<!doctype html><html><body>Log in</body></html>"), "neither Parquet nor Arrow"),
    "/inwards.csv": (Answer(b"", 302, extra={"Location": "http://127.0.0.2:1/t.csv"}), "127.0.0.2"),
    "/ring.csv": (Answer(b"", 302, extra={"Location": "/ring.csv"}), "redirects"),
    "/packed.csv": (Answer(b"path\n", extra={"Content-Encoding": "br"}, knows_ranges=False), "packs"),
}


@pytest.mark.parametrize("path", BAD)
def test_what_is_no_table_is_one_sentence_before_work_starts(path: str, server: WebServer) -> None:
    answer, expected = BAD[path]
    url = server.put(path, answer)
    with pytest.raises(SourceMissing) as ingest:
        read(url)
    with pytest.raises(SourceMissing) as check:
        check_sources([url])
    assert str(ingest.value) == str(check.value)
    assert expected in str(ingest.value) and len(str(ingest.value).splitlines()) <= 2


def test_a_copy_is_bounded(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "MOST_COPIED", 10_000)
    for answer in (Answer(CONTENTS["rows.csv"], knows_ranges=False), _chunked(CONTENTS["rows.csv"])):
        with pytest.raises(SourceMissing, match="more than 10000 bytes"):
            read(server.put("/t.csv", answer))


def test_a_host_that_breaks_off_costs_the_rest_of_its_table_only(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "PATIENCE_S", 0.2)
    content = b"file,year\n" + b"".join(b"%0100d.jpg,1\n" % number for number in range(10_000))
    server.put("/t-0.csv", BreaksOff(content, gives_parts=True))
    server.put("/t-1.csv", b"file,year\n/last.jpg,1\n")
    found: list[ImageRef] = []
    with pytest.raises(SourceUnavailable):
        found.extend(_each(f"{server.url}/t-{{0..1}}.csv", found))
    assert 1000 < len(found) < 10_000
    assert found[-1].uri == f"{server.url}/last.jpg"
    assert refused(found)[f"{server.url}/t-0.csv"][0] == "host_unavailable"
    check = check_sources([f"{server.url}/t-{{0..1}}.csv"])
    assert not check.is_complete and check.rejected == {"host_unavailable": 1}
    # Nothing can be read of a copy that does not come to its end.
    server.put("/t.csv", BreaksOff(CONTENTS["rows.csv"], gives_parts=False))
    with pytest.raises(LookalikeError, match="not available"):
        read(f"{server.url}/t.csv")


def _each(source: str, found: list[ImageRef]) -> list[ImageRef]:
    for ref in find_images([source], tables=TableOptions()):
        found.append(ref)
    return []


def test_a_table_that_changes_is_not_mixed(server: WebServer) -> None:
    url = server.put("/t.csv", CONTENTS["rows.csv"])
    references = find_images([url])
    first = next(references)
    server.put("/t.csv", CONTENTS["rows.csv"][::-1])
    rest = list(references)
    assert refused([first, *rest])[url][0] == "changed"

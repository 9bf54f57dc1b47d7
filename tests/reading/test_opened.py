"""Objects are read as files are, whatever the store does meanwhile."""

import gzip
import io

import pyarrow as pa
import pytest
from aiohttp import web
from pyarrow import parquet

from lookalike.errors import ImageRejected, SourceUnavailable
from lookalike.reading import patient
from lookalike.reading.opened import open_remote
from lookalike.records import Reason
from testing.services.cloud_stub import CloudStub
from testing.services.key_server import KeyServer
from testing.services.s3 import Fault, S3Proxy, S3Server

CONTENT = bytes(range(256)) * 1000


def test_an_object_is_read_from_anywhere(s3: S3Server) -> None:
    uri = s3.bucket("one", {"t.csv": CONTENT}) + "/t.csv"
    with open_remote(uri, block_bytes=10_000) as file:
        assert file.read(5) == CONTENT[:5]
        assert file.read() == CONTENT[5:] and file.read() == b""
        for start, length in ((250_000, 9_000), (3, 20_000), (255_999, 10), (256_000, 1), (300_000, 1)):
            file.seek(start)
            assert file.read(length) == CONTENT[start : start + length]
        assert file.seek(-10, io.SEEK_END) == len(CONTENT) - 10
        assert file.read() == CONTENT[-10:]


def test_tables_are_read_as_from_a_disk(s3: S3Server) -> None:
    written = io.BytesIO()
    table = pa.table({"url": [f"https://host/{number}.jpg" for number in range(20_000)]})
    parquet.write_table(table, written, row_group_size=5_000)
    bucket = s3.bucket(
        "one", {"t.parquet": written.getvalue(), "t.csv.gz": gzip.compress(b"url\n" * 1000), "e.csv": b""}
    )
    with open_remote(f"{bucket}/t.parquet", block_bytes=10_000) as file:
        assert parquet.ParquetFile(file).read() == table
    with open_remote(f"{bucket}/t.csv.gz") as file:
        assert gzip.decompress(file.read()) == b"url\n" * 1000
    with open_remote(f"{bucket}/e.csv") as file:
        assert file.read() == b""


def test_each_byte_is_asked_for_once_and_in_bounded_pieces(s3: S3Server, s3_proxy: S3Proxy) -> None:
    uri = s3.bucket("one", {"t.csv": CONTENT}) + "/t.csv"
    with open_remote(uri, block_bytes=100_000) as file:
        assert sum(len(line) for line in file) == len(CONTENT)
    assert [asked.method for asked in s3_proxy.asked] == ["HEAD", "GET", "GET", "GET"]


def test_parts_that_are_read_side_by_side_are_asked_for_once(s3: S3Server, s3_proxy: S3Proxy) -> None:
    """As the columns of a Parquet file are."""
    uri = s3.bucket("one", {"t.parquet": CONTENT}) + "/t.parquet"
    with open_remote(uri, block_bytes=10_000) as file:
        for inner in range(0, 50_000, 2_000):
            for start in range(0, len(CONTENT), 50_000):
                file.seek(start + inner)
                assert file.read(2_000) == CONTENT[start + inner : start + inner + 2_000]
    assert len([asked for asked in s3_proxy.asked if asked.method == "GET"]) <= 26 + 5


def test_a_store_that_is_away_for_a_moment_interrupts_nothing(
    s3: S3Server, s3_proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.reading.stores.retrying.FIRST_PAUSE_S", 0.01)
    uri = s3.bucket("one", {"t.csv": CONTENT}) + "/t.csv"
    # More blocks than are held.
    with open_remote(uri, block_bytes=10_000) as file:
        assert file.read(10) == CONTENT[:10]
        # More than one request tries by itself.
        s3_proxy.faults = [Fault(times=5, status=503, code="SlowDown"), Fault(times=1, cut_after=99)]
        assert file.read() == CONTENT[10:]
        monkeypatch.setattr(patient, "PATIENCE_S", 0.1)
        file.seek(0)
        s3_proxy.faults = [Fault(is_reset=True)]
        with pytest.raises(SourceUnavailable):
            file.read()


def test_an_object_that_changes_meanwhile_is_not_mixed(s3: S3Server) -> None:
    uri = s3.bucket("one", {"t.csv": CONTENT}) + "/t.csv"
    with open_remote(uri, block_bytes=100_000) as file:
        file.read(10)
        s3.client().put_object(Bucket="one", Key="t.csv", Body=CONTENT[::-1])
        with pytest.raises(ImageRejected) as rejected:
            file.read()
    assert rejected.value.reason is Reason.CHANGED


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("s3://one/none.csv", Reason.NOT_FOUND),
        ("s3://none/none.csv", Reason.NOT_FOUND),
        ("s3://me:secret@one/t.csv", Reason.BAD_URI),
        ("ftp://one/t.csv", Reason.UNSUPPORTED),
    ],
)
def test_what_cannot_be_read_says_why(uri: str, reason: Reason, s3: S3Server) -> None:
    s3.bucket("one")
    with pytest.raises(ImageRejected) as rejected:
        open_remote(uri)
    assert rejected.value.reason is reason and "secret" not in str(rejected.value)


def test_what_lies_on_the_web_is_read_with_and_without_ranges(s3: S3Server) -> None:
    s3.bucket("one", {"t.csv": CONTENT})
    s3.client().put_object_acl(Bucket="one", Key="t.csv", ACL="public-read")
    with S3Proxy(s3.url) as proxy, open_remote(f"{proxy.url}/one/t.csv", block_bytes=100_000) as file:
        assert file.read() == CONTENT
        assert len(proxy.asked) == 4
    with KeyServer.of(["t.csv"], CONTENT) as server, open_remote(f"{server.url}/b/t.csv", block_bytes=100_000) as file:
        assert file.read() == CONTENT
        file.seek(-5, io.SEEK_END)
        assert file.read() == CONTENT[-5:]


def test_what_has_no_length_is_read_at_once() -> None:
    def without_length(request: web.BaseRequest) -> web.Response:
        answer = web.Response(body=b"url\n1.jpg\n")
        answer.enable_chunked_encoding()
        return answer

    with CloudStub({}) as server:
        server.fault = without_length
        with open_remote(f"{server.url}/t.csv") as file:
            assert file.read() == b"url\n1.jpg\n"


def test_a_table_does_not_lead_inwards() -> None:
    with KeyServer.of(["t.csv"], b"secret") as inner, CloudStub({}) as server:
        where = f"{inner.url}/b/t.csv".replace("127.0.0.1", "127.0.0.2")
        server.fault = lambda request: web.Response(status=302, headers={"Location": where})
        with pytest.raises(ImageRejected) as rejected:
            open_remote(f"{server.url}/t.csv")
        assert rejected.value.reason is Reason.OUTSIDE_ROOT

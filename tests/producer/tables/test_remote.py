"""Tables in a store are read as those on the disk, with the images that they name beside them."""

import gzip
import io

import pyarrow
import pytest
from pyarrow import parquet

from lookalike.errors import SourceMissing
from lookalike.reading.stores import retrying
from lookalike_producer.sources import find_tables
from testing.services.s3 import S3Server
from tests.producer.tables.written import images, read, refused


def _parquet(rows: int) -> bytes:
    file = io.BytesIO()
    table = pyarrow.table({"path": [f"{number}.jpg" for number in range(rows)], "n": range(rows)})
    parquet.write_table(table, file, row_group_size=100)
    return file.getvalue()


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(retrying, "FIRST_PAUSE_S", 0.01)
    tables = {
        "t/a.csv.gz": gzip.compress(b"path,label\nb c.jpg,cat\n/../x.jpg,dog\nhttps://h/d.jpg,\n,\n"),
        "t/b.parquet": _parquet(250),
        "t/cut.parquet": _parquet(250)[:-10],
        "u/c.jsonl": b'{"path": "s3://other/e.jpg"}\n{"path": "t/../../e.jpg"}',
    }
    return s3.bucket("shop", tables)


def test_tables_in_a_store_are_read(bucket: str) -> None:
    found = read("s3://shop/t/a.csv.gz")
    assert [(ref.uri, ref.label) for ref in found[:1]] == [("s3://shop/t/b c.jpg", "cat")]
    assert "https://h/d.jpg" in {ref.uri for ref in found}
    assert "row=4" in refused(found)
    known = images("s3://shop/t/b.parquet", metadata="all")
    assert len(known) == 250 and known["s3://shop/t/249.jpg"] == (None, {"n": 249})
    [(place, (reason, _))] = refused(read("s3://shop/t/*.parquet")).items()
    assert (place, reason) == ("s3://shop/t/cut.parquet", "truncated")
    rows = read("s3://shop/u/c.jsonl")
    assert rows[0].uri == "s3://other/e.jpg" and "'..'" in refused(rows)["row=2"][1]


def test_a_table_elsewhere_that_cannot_be_read_is_one_sentence(bucket: str) -> None:
    with pytest.raises(SourceMissing, match="cut off"):
        find_tables(["s3://shop/t/cut.parquet"])
    with pytest.raises(SourceMissing, match="holds credentials"):
        find_tables(["https://user:secret@host/t.csv?x=1"])


def test_a_prefix_with_nothing_but_tables_is_one_table(s3: S3Server) -> None:
    rows = {f"t/2024/{number}.jsonl": b'{"path": "/%d.jpg"}' % number for number in range(2)}
    bucket = s3.bucket("mixed", {**rows, "t/_SUCCESS": b"", "u/a.csv": b"path\n", "u/b.jpg": b"x"})
    assert set(images(f"{bucket}/t/")) == set(images(f"{bucket}/t/**/*.jsonl")) == {"/0.jpg", "/1.jpg"}
    found = read(f"{bucket}/t/2024/{{1..2}}.jsonl")
    assert [ref.uri for ref in found] == ["/1.jpg", f"{bucket}/t/2024/2.jsonl"], "the missing one is a record"
    assert set(images(f"{bucket}/u/")) == {f"{bucket}/u/a.csv", f"{bucket}/u/b.jpg"}

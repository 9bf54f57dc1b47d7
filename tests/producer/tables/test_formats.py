"""The same rows from every format, compression and encoding, as real writers write them."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas
import pyarrow
import pytest
from backports import zstd
from pyarrow import feather, ipc, parquet

from lookalike_producer.sources import find_tables
from lookalike_producer.tables.options import TableOptions
from lookalike_producer.tables.source import TableSource
from tests.producer.tables.written import images, read, refused, write

FRAME = pandas.DataFrame(
    {
        "url": ["https://h/a.jpg", "https://h/b c.jpg", "https://h/é,;.jpg"],
        "label": ["cat", "dog", 'a "big"\ncat, grey'],
        "year": [2001, 2002, 2003],
        "price": [1.5, None, 3.0],
        "sold": [True, False, True],
        "added": pandas.to_datetime(
            ["2020-01-01T12:00:00.123456", "2020-01-02", "2020-01-03"], utc=True, format="ISO8601"
        ),
    }
)
ROWS = {
    "https://h/a.jpg": (
        "cat",
        {"year": 2001, "price": 1.5, "sold": True, "added": "2020-01-01T12:00:00.123Z"},
    ),
    "https://h/b%20c.jpg": ("dog", {"year": 2002, "sold": False, "added": "2020-01-02T00:00:00.000Z"}),
    "https://h/%C3%A9,;.jpg": (
        'a "big"\ncat, grey',
        {"year": 2003, "price": 3.0, "sold": True, "added": "2020-01-03T00:00:00.000Z"},
    ),
}


def _arrow(path: Path, opening: Callable[..., ipc.RecordBatchFileWriter]) -> None:
    table = pyarrow.Table.from_pandas(FRAME)
    with opening(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def _duckdb(path: Path, how: str) -> None:
    with duckdb.connect() as database:
        database.register("frame", FRAME)
        database.execute(f"COPY frame TO '{path}' ({how})")


WRITERS: dict[str, Callable[[Path], object]] = {
    "pandas.csv": lambda path: FRAME.to_csv(path, index=False),
    "with_index.csv": FRAME.to_csv,
    "pandas.tsv": lambda path: FRAME.to_csv(path, sep="\t"),
    "semicolon.csv": lambda path: FRAME.to_csv(path, sep=";"),
    "bar.csv": lambda path: FRAME.to_csv(path, sep="|"),
    "mark.csv": lambda path: FRAME.to_csv(path, encoding="utf-8-sig"),
    "utf16.csv": lambda path: FRAME.to_csv(path, encoding="utf-16", sep="\t"),
    "utf16_without_mark.csv": lambda path: FRAME.to_csv(path, encoding="utf-16-le"),
    "latin.csv": lambda path: FRAME.to_csv(path, encoding="latin-1", sep=";"),
    "windows.csv": lambda path: FRAME.to_csv(path, lineterminator="\r\n"),
    "excel.csv": lambda path: path.write_text("sep=;\r\n" + FRAME.to_csv(sep=";")),
    "zipped.csv.gz": FRAME.to_csv,
    "zipped.csv.zst": lambda path: path.write_bytes(zstd.compress(FRAME.to_csv().encode())),
    "zipped.tsv.bz2": lambda path: FRAME.to_csv(path, sep="\t"),
    "zipped.csv.xz": FRAME.to_csv,
    "renamed.csv": lambda path: FRAME.to_csv(path, compression="gzip"),
    "pandas.jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True, date_format="iso"),
    "pandas.ndjson.gz": lambda path: FRAME.to_json(path, orient="records", lines=True, date_format="iso"),
    "alone.json": lambda path: FRAME.to_json(path, orient="records", lines=True, date_format="iso"),
    "pandas.parquet": FRAME.to_parquet,
    "zstd.parquet": lambda path: FRAME.to_parquet(path, compression="zstd", row_group_size=2),
    "pandas.feather": FRAME.to_feather,
    "plain.feather": lambda path: feather.write_feather(FRAME, str(path), compression="uncompressed"),
    "file.arrow": lambda path: _arrow(path, ipc.new_file),
    "stream.arrow": lambda path: _arrow(path, ipc.new_stream),
    "duckdb.parquet": lambda path: _duckdb(path, "FORMAT parquet"),
    "duckdb.csv": lambda path: _duckdb(path, "FORMAT csv, HEADER"),
    "duckdb.json": lambda path: _duckdb(path, "FORMAT json"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_rows_come_from_every_writer(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    assert images(path, metadata="all") == ROWS


def test_types_that_only_typed_tables_have(tmp_path: Path) -> None:
    struct = pyarrow.struct(
        [("size", pyarrow.struct([("w", pyarrow.int16())])), ("at", pyarrow.timestamp("ns", "Asia/Tokyo"))]
    )
    columns = {
        "path": pyarrow.array(["/a.jpg", "/b.jpg"]),
        "kind": pyarrow.array(["x", "y"]).dictionary_encode(),
        "money": pyarrow.array(["1.25", None]).cast(pyarrow.decimal128(9, 2)),
        "tags": pyarrow.array([["a", None, "b"], []], pyarrow.list_(pyarrow.string())),
        "deep": pyarrow.array([{"size": {"w": 3}, "at": datetime(2020, 1, 1, tzinfo=UTC)}, None], struct),
        "nothing": pyarrow.nulls(2),
        "bytes": pyarrow.array([b"1", b"2"]),
        "pairs": pyarrow.array([[["a"]], None], pyarrow.list_(pyarrow.list_(pyarrow.string()))),
        "far": pyarrow.array([2**62, None], pyarrow.timestamp("us")),
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    path = tmp_path / "t.parquet"
    tables = find_tables([str(path)], TableOptions(metadata="all"))
    assert {name: str(type) for name, type in tables.fields.items()} == {
        "kind": "keyword",
        "money": "float",
        "tags": "keyword[]",
        "deep_size_w": "integer",
        "deep_at": "date",
        "nothing": "keyword",
        "far": "date",
    }
    found = read(path, metadata="all")
    assert "cannot be read" in refused(found)["row=1"][1]
    assert images(path, metadata="kind,money,tags,deep.size.w,deep.at,nothing") == {
        "/a.jpg": (
            None,
            {"kind": "x", "money": 1.25, "tags": ["a", "b"], "deep_size_w": 3, "deep_at": "2020-01-01T00:00:00.000Z"},
        ),
        "/b.jpg": (None, {"kind": "y"}),
    }


def test_a_table_of_many_members_is_read_to_its_end(tmp_path: Path) -> None:
    lines = [f"{name}.jpg\n".encode() for name in "abc"]
    head = b"path\n"
    compressors: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".zst": zstd.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
    }
    for suffix, compress in compressors.items():
        path = write(tmp_path / f"t.csv{suffix}", b"".join(compress(line) for line in (head, *lines)))
        assert len(images(path)) == 3, suffix


def test_memory_does_not_grow_with_the_row_group(tmp_path: Path) -> None:
    """A column chunk of 30 MB is read through a buffer."""
    path = tmp_path / "t.parquet"
    table = pyarrow.table({"path": [f"/{number:0200}.jpg" for number in range(150_000)]})
    parquet.write_table(table, path, row_group_size=150_000, compression="none", use_dictionary=False)
    del table
    before = pyarrow.total_allocated_bytes()
    tables: TableSource = find_tables([str(path)])
    references = tables.references()
    next(references)
    assert pyarrow.total_allocated_bytes() - before < 12_000_000

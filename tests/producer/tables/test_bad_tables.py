"""Tables that are damaged, misnamed or strange: what can be read counts, the rest is said once, and nothing grows."""

import gzip
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from backports import zstd
from pyarrow import ipc, parquet

from lookalike.errors import BadSetting, SourceMissing
from lookalike.records import Reason
from lookalike_producer.check_sources import check_sources
from lookalike_producer.sources import find_tables
from lookalike_producer.tables.options import TableOptions
from testing.processes import ROOT
from tests.producer.tables.written import images, read, refused, write


def _twice(*columns: tuple[str, list[Any]]) -> pyarrow.Table:
    return pyarrow.Table.from_arrays([pyarrow.array(values) for _, values in columns], [name for name, _ in columns])


def _arrow(table: pyarrow.Table, path: Path, opening: Callable[..., ipc.RecordBatchFileWriter] = ipc.new_file) -> None:
    with opening(str(path), table.schema) as writer:
        writer.write_table(table)


TWICE: dict[str, Callable[[Path], object]] = {
    "t.csv": lambda path: write(path, "path,n,path,n\n/a.jpg,1,/b.jpg,x\n"),
    "t.parquet": lambda path: parquet.write_table(
        _twice(("path", ["/a.jpg"]), ("n", [1]), ("path", ["/b.jpg"]), ("n", ["x"])), path
    ),
    "t.arrow": lambda path: _arrow(_twice(("path", ["/a.jpg"]), ("n", [1]), ("path", ["/b.jpg"]), ("n", ["x"])), path),
}


@pytest.mark.parametrize("name", TWICE)
def test_columns_of_the_same_name_are_said_and_the_first_one_counts(name: str, tmp_path: Path) -> None:
    TWICE[name](tmp_path / name)
    tables = find_tables([str(tmp_path / name)], TableOptions(metadata="all"))
    assert any("several columns called n, path; the first one is taken" in note for note in tables.notes)
    assert any("several columns" in note for note in check_sources([str(tmp_path / name)]).notes)
    assert images(tmp_path / name, metadata="all") == {"/a.jpg": (None, {"n": 1})}


def test_the_last_row_counts_across_tables_and_batches(tmp_path: Path) -> None:
    rows = [{"path": f"/{number}.jpg", "label": "first", "n": number} for number in range(3000)]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "1.parquet", row_group_size=500)
    write(tmp_path / "2.csv", "path,label,n\n/5.jpg,second,7\n/5.jpg,third,8\n/6.jpg,first,6\n")
    tables = find_tables([str(tmp_path)], TableOptions(metadata="all"))
    found = {ref.uri: (ref.label, dict(ref.metadata)) for ref in tables.references()}
    assert len(found) == 3000
    assert (found["/5.jpg"], found["/6.jpg"]) == (("third", {"n": 8}), ("first", {"n": 6}))
    assert "3 rows repeat the images of an earlier row (2 with another label or other metadata)" in tables.notes[-1]


ENDS: dict[str, bytes] = {
    "cr.csv": b"path,n\r/a.jpg,1\r/b.jpg,2\r",
    "mixed.csv": b"path,n\n/a.jpg,1\r\n/b.jpg,2",
    "marks.csv": b'\xef\xbb\xbf\xef\xbb\xbf"path",n\n/a.jpg,1\n/b.jpg,2\n',
    "cr.jsonl": b'{"path":"/a.jpg","n":1}\r{"path":"/b.jpg","n":2}\r',
    "crlf.jsonl": b'{"path":"/a.jpg","n":1}\r\n\r\n{"path":"/b.jpg","n":2}\r\n',
    "mark.jsonl": b'\xef\xbb\xbf{"path":"/a.jpg","n":1}\n{"path":"/b.jpg","n":2}',
    "wide.jsonl": '{"path":"/a.jpg","n":1}\n{"path":"/b.jpg","n":2}\n'.encode("utf-16"),
    "lines.csv": b'{"path":"/a.jpg","n":1}\n{"path":"/b.jpg","n":2}\n',
    "plain.csv.gz": b"path,n\n/a.jpg,1\n/b.jpg,2\n",
    "skipped.csv.zst": struct.pack("<II", 0x184D2A50, 5)
    + b"hello"
    + zstd.compress(b"path,n\n/a.jpg,1\n")
    + struct.pack("<II", 0x184D2A5F, 3)
    + b"abc"
    + zstd.compress(b"/b.jpg,2\n"),
    "padded.csv.gz": gzip.compress(b"path,n\n/a.jpg,1\n") + gzip.compress(b"/b.jpg,2\n") + bytes(100),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_same_rows_come_out_of_every_spelling(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, ENDS[name])
    assert images(path, metadata="all") == {"/a.jpg": (None, {"n": 1}), "/b.jpg": (None, {"n": 2})}


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.arrow", "t.pq"])
def test_a_parquet_file_is_one_whatever_its_name(name: str, tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"path": ["/a.jpg"]}), tmp_path / name)
    assert list(images(tmp_path / name)) == ["/a.jpg"]


NONE: dict[str, tuple[bytes, str]] = {
    "a.jsonl": (b"path,n\n/a.jpg,1\n", "such as .csv"),
    "a.parquet": (gzip.compress(b"PAR1"), "Decompress it first"),
    "a.csv": (b"PK\x03\x04\x14\0\x06\0[Content_Types].xml", "no table of text"),
    "b.csv": (b"\x1b[31mpath,n\n", "control characters"),
}


@pytest.mark.parametrize("name", NONE)
def test_the_advice_fits_what_the_file_is(name: str, tmp_path: Path) -> None:
    content, expected = NONE[name]
    path = str(write(tmp_path / name, content))
    with pytest.raises(SourceMissing, match=expected) as ingest:
        find_tables([path])
    with pytest.raises(SourceMissing) as check:
        check_sources([path])
    assert str(check.value) == str(ingest.value)


#: More characters than a line may have.
_LONG = 70 * 2**20
#: Made by the test: every process of the tests reads this module.
BROKEN: dict[str, tuple[Callable[[], bytes], Reason]] = {
    "line.csv": (lambda: b"path,n\n/a.jpg,1\n" + b"x" * _LONG + b"\n/b.jpg,2\n", Reason.UNSUPPORTED),
    "line.jsonl": (lambda: b'{"path":"/a.jpg"}\n{"path":"' + b"x" * _LONG + b'"}\n', Reason.UNSUPPORTED),
    "garbage.csv.gz": (lambda: gzip.compress(b"path\n/a.jpg\n") + b"garbage", Reason.CORRUPT),
    "cut.jsonl.gz": (lambda: gzip.compress(b'{"path":"/a.jpg"}\n' * 5)[:-6], Reason.TRUNCATED),
    "bomb.csv.gz": (lambda: gzip.compress(b"path\n/a.jpg\n" + bytes(_LONG), 1), Reason.UNSUPPORTED),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_rows_before_a_damage_count_also_in_a_small_table(name: str, tmp_path: Path) -> None:
    content, reason = BROKEN[name]
    path = write(tmp_path / name, content())
    found = read(path)
    assert [ref.uri for ref in found] == ["/a.jpg", str(path)] or [ref.uri for ref in found] == [str(path), "/a.jpg"]
    assert refused(found)[str(path)][0] is reason
    assert check_sources([str(path)]).rejected == {reason: 1}


def test_a_quote_that_never_closes_costs_its_own_row(tmp_path: Path) -> None:
    rows = 'path,title\na.jpg,"a\nb"\nb.jpg,"open\nc.jpg,x\nd.jpg,y\n'
    found = read(write(tmp_path / "t.csv", rows))
    assert {ref.uri.rpartition("/")[2] for ref in found} == {"a.jpg", "t.csv#row=2", "c.jpg", "d.jpg"}
    assert refused(found)["row=2"][1] == (
        "row 2: a quote is not closed, or a field has more than 131,072 characters, in line 4"
    )


def test_labels_that_are_lists_are_metadata_or_one_sentence(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"path": ["/a.jpg"], "label": [["x", "y"]]}), tmp_path / "t.parquet")
    write(tmp_path / "t.jsonl", json.dumps({"path": "/a.jpg", "label": ["x", "y"]}))
    for name in ("t.parquet", "t.jsonl"):
        assert images(tmp_path / name, metadata="all") == {"/a.jpg": (None, {"label": ["x", "y"]})}
        with pytest.raises(BadSetting, match="holds lists, which are no labels"):
            find_tables([str(tmp_path / name)], TableOptions(label_column="label"))


def test_a_value_without_a_python_value_is_bad_metadata(tmp_path: Path) -> None:
    year_10000 = pyarrow.array([253402300800, 0], pyarrow.timestamp("s"))
    table = pyarrow.table(
        {"path": ["/a.jpg", "/b.jpg"], "when": year_10000, "many": pyarrow.array([2**64 - 1, 1], "uint64")}
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet", metadata="when")
    assert refused(found)["row=1"][0] is Reason.BAD_METADATA and "column when" in refused(found)["row=1"][1]
    assert refused(read(tmp_path / "t.parquet", metadata="many"))["row=1"][0] is Reason.BAD_METADATA


def test_views_and_dictionaries_are_texts(tmp_path: Path) -> None:
    view, large = pyarrow.string_view(), pyarrow.large_string()
    columns = {
        "path": pyarrow.array(["/a.jpg", None], view),
        "kind": pyarrow.array(["x", "y"], large).dictionary_encode(),
        "tags": pyarrow.array([["a"], None], pyarrow.list_view(pyarrow.string())),
        "when": pyarrow.array(["2020-01-01", "2020-01-02"], large),
    }
    _arrow(pyarrow.table(columns), tmp_path / "t.arrow", ipc.new_stream)
    found = read(tmp_path / "t.arrow", metadata="kind,tags,when:date")
    assert [dict(ref.metadata) for ref in found] == [
        {"kind": "x", "tags": ["a"], "when": "2020-01-01T00:00:00.000Z"},
        {},
    ]
    assert "the uri is missing" in refused(found)["row=2"][1]


def test_a_table_of_ten_thousand_columns_is_planned_soon(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(9_999)]
    path = write(tmp_path / "t.csv", f"path,{','.join(names)}\n/a.jpg{',1' * len(names)}\n")
    assert images(path, metadata="c1,c9998") == {"/a.jpg": (None, {"c1": 1, "c9998": 1})}
    with pytest.raises(BadSetting, match="9999 metadata fields are too many"):
        find_tables([str(path)], TableOptions(metadata="all"))


_PACKED = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
IN_TABLES: dict[str, tuple[pyarrow.Array, str]] = {
    "image": (pyarrow.array([{"bytes": b"x", "path": "a.jpg"}], _PACKED), "The column image of"),
    "jpg": (pyarrow.array([{"bytes": b"x", "path": "a.jpg"}], _PACKED), "its column jpg holds bytes"),
    "img": (pyarrow.array([b"x"]), "The column img of"),
    "data": (pyarrow.array([b"x"], pyarrow.large_binary()), "its column data holds bytes"),
}


@pytest.mark.parametrize("column", IN_TABLES)
def test_images_in_a_table_are_refused_with_the_column_and_a_way(column: str, tmp_path: Path) -> None:
    values, expected = IN_TABLES[column]
    parquet.write_table(pyarrow.table({column: values, "label": ["x"]}), tmp_path / "t.parquet")
    with pytest.raises(SourceMissing, match=expected) as ingest:
        find_tables([str(tmp_path / "t.parquet")])
    assert "docs/sources.md" in str(ingest.value)
    with pytest.raises(SourceMissing) as check:
        check_sources([str(tmp_path / "t.parquet")])
    assert str(check.value) == str(ingest.value)


def test_images_in_a_table_are_found_however_late_they_come(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"bytes": None, "path": "a.jpg"}] * 20
    late = pyarrow.table({"image": pyarrow.array([*rows, {"bytes": b"x", "path": "b.jpg"}], _PACKED)})
    parquet.write_table(late, tmp_path / "t.parquet", row_group_size=5)
    with pytest.raises(SourceMissing, match=r"The column image of .* holds the images themselves"):
        find_tables([str(tmp_path / "t.parquet")])
    parquet.write_table(late.slice(0, 20), tmp_path / "t.parquet", row_group_size=5)
    assert set(images(tmp_path / "t.parquet")) == {f"{tmp_path}/a.jpg"}
    # A stream has no statistics at its end: its first batch is known.
    _arrow(pyarrow.concat_tables([late.slice(0, 20), late.slice(20)]), tmp_path / "t.arrow", ipc.new_stream)
    found = read(tmp_path / "t.arrow")
    assert refused(found) == {
        "row=21": (Reason.BAD_URI, "row 21: the row holds the image itself, as bytes; write images as files")
    }
    assert len(found) == 2


def test_the_tar_that_the_docs_write_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"image": {"bytes": b"x", "path": None}, "label": number} for number in range(3)]
    parquet.write_table(pyarrow.Table.from_pylist(rows), "train.parquet")
    text = (ROOT / "docs" / "sources.md").read_text()
    [program] = re.findall(r"^```python\n(import io, tarfile\n.*?)^```", text, re.DOTALL | re.MULTILINE)
    exec(program, {})
    found = {ref.uri.rpartition("#")[2]: ref.label for ref in read(tmp_path / "train.tar")}
    assert found == {f"{number:09}.jpg": str(number) for number in range(3)}

"""Rows that name no image, or hold what does not fit: each is a rejected record with its number."""

import bz2
import gzip
import json
import lzma
import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow
import pytest
from backports import zstd
from pyarrow import ipc, parquet

from lookalike.errors import LookalikeError, SourceMissing
from lookalike.records import Reason
from lookalike_producer.sources import find_tables
from lookalike_producer.tables.options import TableOptions
from tests.producer.tables.written import images, read, refused, write

BAD_URIS = {
    "": "missing",
    "  ": "missing",
    "NaN": "missing",
    "null": "missing",
    "ftp://h/a.jpg": "ftp:// is not supported",
    "gopher://user:secret@h/a": "gopher:// is not supported",
    "https://user:secret@h/a.jpg": "credentials",
    "s3://key:secret@bucket/a.jpg": "credentials",
    "s3://bucket": "names no object",
    "s3://bucket/prefix/": "names no object",
    "s3://bucket/../other/a.jpg": "'..'",
    "gs://b/a.jpg": "no valid name",
    "az://container/" + "k" * 2000: "1024",
    "s3://": "no valid name",
    "https:///a.jpg": "no valid host",
    "https://h h/a.jpg": "no valid host",
    "https://h:99999/a.jpg": "",
    "https://[::1/a.jpg": "",
    "https://" + "h" * 300 + ".com/" + "a" * 8192: "8,192",
    "a" * 8193: "8,192",
    "é" * 5000: "8,192",
    "a\tb\x07.jpg": "control characters",
    "a\0.jpg": "control characters",
    "https://h/a\nb.jpg": "control characters",
    "data:image/png;base64,iVBORw0KGgo=": "holds the image itself",
}


@pytest.mark.parametrize("uri", BAD_URIS)
def test_an_absurd_uri_is_a_rejected_record_with_its_row(uri: str, tmp_path: Path) -> None:
    rows = [{"url": "https://h/a.jpg"}, {"url": uri}, {"url": "https://h/b.jpg"}]
    path = write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, rows)))
    found = read(path)
    assert len(found) == 3
    [(place, (reason, detail))] = refused(found).items()
    assert (place, reason) == ("row=2", Reason.BAD_URI)
    assert BAD_URIS[uri] in detail and detail.startswith("row 2: ") and len(detail) < 500
    assert "secret" not in "".join(ref.uri for ref in found) + detail


@pytest.mark.parametrize("uri", [None, float("nan"), True, ["a.jpg"], {"a": 1}, 1e400])
def test_a_uri_of_another_type_is_a_rejected_record(uri: object, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", f"{json.dumps({'url': 'a.jpg'})}\n{json.dumps({'url': uri})}")
    assert list(refused(read(path))) == ["row=2"]


GOOD_URIS = {
    "https://H.Example:443/a b.jpg#top": "https://h.example/a%20b.jpg",
    "HTTP://h/a.jpg": "http://h/a.jpg",
    "https://bücher.example/ü.jpg": "https://xn--bcher-kva.example/%C3%BC.jpg",
    "https://h/shard.tar#000.jpg": "https://h/shard.tar#000.jpg",
    "S3://bucket/a b@c.jpg": "s3://bucket/a b@c.jpg",
    "/pics/../a.jpg": "/a.jpg",
    "file:///a%20b.jpg": "/a b.jpg",
    "pics/a b.jpg": "{folder}/pics/a b.jpg",
    "./pics//a.jpg": "{folder}/pics/a.jpg",
    " pics/c.jpg ": "{folder}/pics/c.jpg",
    "pics\\win.jpg": "{folder}/pics/win.jpg",
    "~/home.jpg": "{home}/home.jpg",
    "#1.jpg": "{folder}/#1.jpg",
    "it's.jpg": "{folder}/it's.jpg",
}


@pytest.mark.parametrize("uri", GOOD_URIS)
def test_every_uri_has_one_form(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write(tmp_path / "pics" / "win.jpg", "x")
    path = write(tmp_path / "t.jsonl", json.dumps({"url": uri}))
    assert [ref.uri for ref in read(path)] == [
        GOOD_URIS[uri].format(folder=tmp_path, home=tmp_path / "home"),
    ]


def test_names_that_are_not_utf8_are_found(tmp_path: Path) -> None:
    for name in (b"caf\xe9.jpg", "crème.jpg".encode()):
        with open(os.fsencode(tmp_path) + b"/" + name, "wb"):
            pass
    padding = b"".join(b"%d.jpg\n" % number for number in range(60_000))
    path = write(tmp_path / "t.csv", b"path\n" + padding + "crème.jpg\n".encode() + b"caf\xe9.jpg\n")
    found = [ref.uri for ref in read(path)]
    assert found[-2:] == [f"{tmp_path}/crème.jpg", f"file://{tmp_path}/caf%E9.jpg"]


def test_ragged_giant_and_broken_rows_cost_no_other_row(tmp_path: Path) -> None:
    rows = (
        "path,year\n"
        "a.jpg,1\n"
        "b.jpg\n"
        "c.jpg,3,\n"
        "d.jpg,4,5\n"
        "\n"
        f"e.jpg,{'9' * 200_000}\n"
        f"{'f' * 3_000_000},7\n"
        'g.jpg,"1\n'
        '2"\n'
        "h.jpg,8\n"
    )
    found = read(write(tmp_path / "t.csv", rows), metadata="year:text")
    names = {ref.uri.rpartition("/")[2]: dict(ref.metadata) for ref in found}
    assert names == {
        "a.jpg": {"year": "1"},
        "b.jpg": {},
        "c.jpg": {"year": "3"},
        "t.csv#row=4": {},
        "t.csv#row=5": {},
        "t.csv#row=6": {},
        "g.jpg": {"year": "1\n2"},
        "h.jpg": {"year": "8"},
    }
    details = {place: detail for place, (_, detail) in refused(found).items()}
    assert "3 fields, but the header has 2" in details["row=4"]
    assert "131,072 characters" in details["row=5"] and "too long" in details["row=6"]


def test_a_quote_that_never_closes_costs_a_bounded_part(tmp_path: Path) -> None:
    rows = "path,title\n" + 'bad.jpg,"open\n' + "".join(f"{number}.jpg,{'t' * 1000}\n" for number in range(1000))
    found = read(write(tmp_path / "t.csv", rows))
    assert list(refused(found)) == ["row=1"]
    assert len(found) > 850


def test_lines_that_are_no_json_objects_are_rejected(tmp_path: Path) -> None:
    lines = ['{"path": "a.jpg", "n": NaN}', "[1]", '{"path": "b.jpg"', "x", '{"path": "c\\ud800.jpg"}', "[" * 100_000]
    found = read(write(tmp_path / "t.jsonl", "\n".join(lines)))
    assert set(refused(found)) == {"row=2", "row=3", "row=4", "row=5", "row=6"}


def test_a_value_that_does_not_fit_its_field_rejects_its_row_only(tmp_path: Path) -> None:
    rows = [
        "path,year,price,when,sold,tags",
        *("a.jpg,x,,,,", "b.jpg,2000,NaN,,n/a,", "c.jpg,,1e999,,,", "d.jpg,,,31.12.1999,,", "e.jpg,,,,maybe,"),
        "f.jpg,2.0,2,1999-12-31,yes,a|b",
    ]
    path = write(tmp_path / "t.csv", "\n".join(rows))
    found = read(path, metadata="year:int,price:float,when:date,sold:bool,tags:list")
    rejected = refused(found)
    assert {place: reason for place, (reason, _) in rejected.items()} == dict.fromkeys(
        ("row=1", "row=3", "row=4", "row=5"), Reason.BAD_METADATA
    )
    assert rejected["row=1"][1] == "row 1: column year: 'x' is no integer"
    [b, f] = images(path, metadata="year:int,price:float,when:date,sold:bool,tags:list").values()
    assert b == (None, {"year": 2000})
    assert f == (
        None,
        {"year": 2, "price": 2.0, "when": "1999-12-31T00:00:00.000Z", "sold": True, "tags": ["a", "b"]},
    )


def test_metadata_of_one_image_is_bounded(tmp_path: Path) -> None:
    rows = [
        {"path": "a.jpg", "t": "x" * 24_000},
        {"path": "b.jpg", "t": "x" * 25_000},
        {"path": "c.jpg", "t": "\u0001" * 5000},
    ]
    rows.append({"path": "d.jpg", "label": "l" * 2000, "t": ""})
    path = write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, rows)))
    found = refused(read(path, metadata="t:text"))
    assert {place: reason for place, (reason, _) in found.items()} == dict.fromkeys(
        ("row=2", "row=3", "row=4"), Reason.BAD_METADATA
    )


def test_a_table_that_is_cut_off_gives_its_rows_and_one_record(tmp_path: Path) -> None:
    chance = random.Random(1)
    text = "path\n" + "".join(f"{chance.getrandbits(200)}.jpg\n" for _ in range(20_000))
    writers: dict[str, Callable[[bytes], bytes]] = {
        "gz": gzip.compress,
        "bz2": partial(bz2.compress, compresslevel=1),
        "xz": lzma.compress,
        "zst": zstd.compress,
    }
    for suffix, compress in writers.items():
        content = compress(text.encode())
        path = write(tmp_path / f"t.csv.{suffix}", content[: len(content) * 2 // 3])
        found = read(path)
        [(place, (reason, detail))] = refused(found).items()
        assert (place, reason) == (str(path), Reason.TRUNCATED), suffix
        assert len(found) > 5_000 and "cut off" in detail


def test_damage_in_the_middle_ends_one_table_and_no_other(tmp_path: Path) -> None:
    paths = {f"/{number:099}.jpg": None for number in range(5000)}
    for name in ("a", "b"):
        table = pyarrow.table({"path": [f"/{name}{path}" for path in paths]})
        parquet.write_table(
            table, tmp_path / f"{name}.parquet", compression="gzip", use_dictionary=False, row_group_size=1000
        )
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = b"x" * 4000
    (tmp_path / "a.parquet").write_bytes(content)
    found = read(tmp_path)
    [(place, (reason, _))] = refused(found).items()
    assert place == f"{tmp_path}/a.parquet" and reason in (Reason.CORRUPT, Reason.TRUNCATED)
    assert sum(ref.uri.startswith("/b") for ref in found) == 5000


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "is empty"),
    "spaces.csv": (b"\n\n \n", "is empty"),
    "empty.parquet": (b"", "is empty"),
    "empty.jsonl": (b"", "is empty"),
    "text.parquet": (b"path\na.jpg\n", "neither Parquet nor Arrow"),
    "cut.parquet": (b"PAR1" + b"x" * 100, "cut off"),
    "encrypted.parquet": (b"PARE" + b"x" * 100 + b"PARE", "encrypted"),
    "one.feather": (b"FEA1" + b"x" * 100, "version 1"),
    "cut.arrow": (b"ARROW1\0\0" + b"x" * 100, ""),
    "image.csv": (b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(256)) * 10, ""),
    "nulls.csv": (b"path\0\0\n" + b"\0" * 5000, ""),
    "list.json": (b'[\n{"path": "a.jpg"},\n{"path": "b.jpg"}\n]', "jq -c"),
    "one.jsonl": (b'[{"path": "a.jpg"}]', "no JSON lines"),
    "page.csv": (b"<!doctype html><html><body>Not found</body></html>", "no column"),
    "false.csv.gz": (b"\x1f\x8b" + b"x" * 100, "cannot be decompressed"),
    "line.csv": (b"x" * 1_500_000, ""),
    "other.csv": (b"title,price\nx,1\n", "title, price"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_table_that_is_none_is_one_sentence_before_work_starts(name: str, tmp_path: Path) -> None:
    content, expected = UNREADABLE[name]
    path = write(tmp_path / name, content)
    with pytest.raises(SourceMissing) as refusal:
        find_tables([str(path)], TableOptions(metadata="all"))
    assert expected in str(refusal.value) and name in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 2


def test_a_folder_with_the_name_of_a_table_is_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "x.csv" / "a.jpg", "x")
    assert list(images(tmp_path / "x.csv")) == [f"{tmp_path}/x.csv/a.jpg"]


def test_a_table_without_rows_gives_nothing(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"path": pyarrow.array([], pyarrow.string())}), tmp_path / "t.parquet")
    assert read(write(tmp_path / "t.csv", "path,label\n"), tmp_path / "t.parquet") == []


def test_a_table_that_nobody_may_read_is_one_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(LookalikeError, match="a FIFO"):
        find_tables([str(tmp_path / "t.csv")])


@pytest.mark.parametrize("opening", [ipc.new_file, ipc.new_stream])
def test_no_wrong_number_in_an_arrow_table_ends_the_process(
    opening: Callable[..., ipc.RecordBatchFileWriter], tmp_path: Path
) -> None:
    """Arrow believes the offsets that it reads."""
    table = pyarrow.table({"path": ["/a.jpg", "/b.jpg"], "tags": [["x"], ["y", "z"]]})
    path = tmp_path / "t.arrow"
    with opening(str(path), table.schema) as writer:
        writer.write_table(table)
    content = path.read_bytes()
    outcomes: set[object] = set()
    for place in range(8, len(content) - 8, 4):
        path.write_bytes(content[:place] + b"\xff\xff\xff\x3f" + content[place + 4 :])
        try:
            outcomes.add(len(read(path, metadata="all")))
        except LookalikeError as error:
            outcomes.add(type(error))
    assert {SourceMissing, 2} <= outcomes

"""Exports: what the files of each form hold, and which names are refused."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from lookalike.errors import BadFilter, BadSetting
from lookalike.image_index.exporting import export_array, export_lines, writer_for
from lookalike.image_index.vectors import export_parquet
from lookalike.index import Index, open_index
from lookalike.index.base import DOCUMENTS_PER_BATCH as BATCH
from lookalike.metadata import FieldType, Kind
from lookalike.records import Metadata
from tests.index.documents import COSINE, clustered_vectors, document, unit, write
from tests.index.earlier import make_earlier

KINDS = {kind.value: FieldType(kind) for kind in Kind} | {f"{kind}s": FieldType(kind, is_list=True) for kind in Kind}
VALUES: Metadata = {
    "keyword": "it's",
    "keywords": ["a", "b"],
    "text": "A red car.\n",
    "texts": ["one"],
    "integer": -(2**63),
    "integers": [1, 2**63 - 1],
    "float": 0.1,
    "floats": [1.0],
    "date": "0001-01-01T00:00:00.000Z",
    "dates": ["2026-11-26T07:30:00.123Z"],
    "boolean": False,
    "booleans": [True],
}
OF_KINDS = {
    **{
        "keyword": pa.string(),
        "text": pa.string(),
        "integer": pa.int64(),
        "float": pa.float64(),
        "boolean": pa.bool_(),
    },
    "date": pa.timestamp("ms", tz="UTC"),
}


def test_each_field_is_a_column_of_its_type(tmp_path: Path) -> None:
    index = open_index(f"lancedb://{tmp_path}/index", "images")
    index.ensure(COSINE)
    index.declare(KINDS)
    write(index, [document("/a.jpg", unit(0), metadata=VALUES), document("/b.jpg", unit(1))])
    assert export_parquet(index, tmp_path / "all.parquet") == 2
    table = parquet.read_table(tmp_path / "all.parquet")
    for name, type in KINDS.items():
        wanted = OF_KINDS[type.kind.value]
        assert table.schema.field(f"metadata_{name}").type == (pa.list_(wanted) if type.is_list else wanted)
    first, second = sorted(table.to_pylist(), key=lambda row: str(row["uri"]))
    moments = {
        "date": datetime(1, 1, 1, tzinfo=UTC),
        "dates": [datetime(2026, 11, 26, 7, 30, 0, 123_000, tzinfo=UTC)],
    }
    assert {name: first[f"metadata_{name}"] for name in KINDS} == {**VALUES, **moments}
    assert {second[f"metadata_{name}"] for name in KINDS} == {None} and second["metadata"] == []
    texts = dict(first["metadata"])
    assert (texts["keyword"], texts["keywords"], texts["integer"], texts["boolean"]) == (
        *("it's", '["a", "b"]', str(-(2**63)), "false"),
    )


def test_only_images_that_meet_the_filters_are_exported(tmp_path: Path) -> None:
    index = open_index(f"lancedb://{tmp_path}/index", "images")
    index.ensure(COSINE)
    write(index, [document(f"/{i}.jpg", unit(i), metadata={"number": i}) for i in range(9)])
    assert export_parquet(index, tmp_path / "some.parquet", ["number>=3", "number!=5"]) == 5
    rows = parquet.read_table(tmp_path / "some.parquet").to_pylist()
    assert {row["metadata_number"] for row in rows} == {3, 4, 6, 7, 8}


def test_texts_of_an_earlier_release_are_exported(tmp_path: Path) -> None:
    make_earlier(f"lancedb://{tmp_path}/index", [document("/a.jpg", unit(0), metadata={"eyes": "green", "a.b": "c"})])
    index = open_index(f"lancedb://{tmp_path}/index", "images")
    assert export_parquet(index, tmp_path / "all.parquet") == 1
    (row,) = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert dict(row["metadata"]) == {"eyes": "green", "a.b": "c"}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """More documents than a batch has."""
    index = open_index(f"lancedb://{tmp_path_factory.mktemp('many')}/index", "images")
    index.ensure(COSINE)
    vectors = clustered_vectors(BATCH + 3)
    write(index, [document(f"/{i}.jpg", vector, metadata={"number": i}) for i, vector in enumerate(vectors)])
    return index


def test_an_array_has_a_line_for_each_of_its_rows(many: Index, tmp_path: Path) -> None:
    assert export_array(many, tmp_path / "some.npy", ["number!=5"]) == BATCH + 2
    vectors = np.load(tmp_path / "some.npy", mmap_mode="r")
    assert vectors.dtype == np.float32 and vectors.shape == (BATCH + 2, COSINE.dimension)
    lines = [json.loads(line) for line in (tmp_path / "some.npy.jsonl").read_bytes().splitlines()]
    stored = many.vectors([line["id"] for line in lines])
    assert len(stored) == BATCH + 2 and 5 not in {line["metadata"]["number"] for line in lines}
    assert np.array_equal(vectors, np.stack([stored[line["id"]] for line in lines]))
    assert {path.name for path in tmp_path.iterdir()} == {"some.npy", "some.npy.jsonl"}


def test_each_line_of_json_has_what_a_row_of_parquet_has(many: Index, tmp_path: Path) -> None:
    assert export_lines(many, tmp_path / "all.jsonl") == export_parquet(many, tmp_path / "all.parquet") == BATCH + 3
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_bytes().splitlines()]
    rows = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    for line, row in zip(lines, rows, strict=True):
        assert line.pop("metadata") == {"number": row.pop("metadata_number")} and row.pop("metadata")
        assert np.array_equal(np.float32(line.pop("vector")), np.float32(row.pop("vector")))
        assert line == row


def test_an_empty_index_is_an_array_without_rows(tmp_path: Path) -> None:
    index = open_index(f"lancedb://{tmp_path}/index", "images")
    index.ensure(COSINE)
    assert export_array(index, tmp_path / "none.npy") == 0
    assert np.load(tmp_path / "none.npy").shape == (0, COSINE.dimension)


def test_an_export_that_fails_leaves_the_files_from_before(many: Index, tmp_path: Path) -> None:
    names = {"a.npy", "a.npy.jsonl", "a.jsonl", "a.parquet"}
    for name in names:
        (tmp_path / name).write_text("before")
    for name in names - {"a.npy.jsonl"}:
        with pytest.raises(BadFilter):
            writer_for(tmp_path / name)(many, tmp_path / name, ["colour=red"])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(names, "before")


@pytest.mark.parametrize("name", ["images", "images.csv", "images.npy.gz", ".npy"])
def test_a_name_that_says_no_form_is_refused(name: str) -> None:
    with pytest.raises(BadSetting, match=r"End it in \.parquet, \.npy or \.jsonl\."):
        writer_for(Path(name))

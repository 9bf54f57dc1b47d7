"""Metadata in an exported Parquet file has its types."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from lookalike.image_index.vectors import export_parquet
from lookalike.index import open_index
from lookalike.metadata import FieldType, Kind
from lookalike.records import Metadata
from tests.index.documents import COSINE, document, unit, write
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

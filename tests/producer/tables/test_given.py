"""Tables and lists that a program gives as objects: the same rows from every kind, read in batches."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pandas
import polars
import pyarrow
import pytest

from lookalike.errors import BadSetting, SourceMissing
from lookalike.records import ImageRef
from lookalike_producer.check_sources import check_sources
from lookalike_producer.labels import label_of_path
from lookalike_producer.scope import scopes
from lookalike_producer.sources import find_images
from lookalike_producer.tables.given import FRAME_ROWS, given
from lookalike_producer.tables.options import TableOptions
from tests.producer.tables.written import refused

ROWS = [
    {"url": "https://h/a.jpg", "label": "cat", "year": 2001, "added": datetime(2020, 1, 1, 12, tzinfo=UTC)},
    {"url": "https://h/b c.jpg", "label": "dog", "year": 2002, "added": None},
    {"url": None, "label": "dog", "year": 2003, "added": None},
]
EXPECTED = [
    ("https://h/a.jpg", "cat", {"year": 2001, "added": "2020-01-01T12:00:00.000Z"}),
    ("https://h/b%20c.jpg", "dog", {"year": 2002}),
    ("python#row=3", None, {}),
]


def _read(value: object, label_from: str = "parent", **columns: Any) -> list[ImageRef]:
    source = given(value, 1, label_of_path(label_from))
    return list(find_images([source], label_from, tables=TableOptions(**columns)))


def _relation() -> Any:
    frame = pandas.DataFrame(ROWS)  # noqa: F841 - DuckDB finds it
    return duckdb.sql("SELECT * FROM frame")


KINDS: dict[str, Callable[[], object]] = {
    "a list of dicts": lambda: ROWS,
    "a generator of dicts": lambda: (row for row in ROWS),
    "pandas": lambda: pandas.DataFrame(ROWS),
    "pandas with a named index": lambda: pandas.DataFrame(ROWS).set_index("url"),
    "pandas with categories": lambda: pandas.DataFrame(ROWS).astype({"label": "category", "year": "Int32"}),
    "polars": lambda: polars.DataFrame(ROWS),
    "polars with categories": lambda: polars.DataFrame(ROWS).with_columns(polars.col("label").cast(polars.Categorical)),
    "an Arrow table": lambda: pyarrow.Table.from_pylist(ROWS),
    "an Arrow batch": lambda: pyarrow.RecordBatch.from_pylist(ROWS),
    "an Arrow reader": lambda: pyarrow.Table.from_pylist(ROWS).to_reader(max_chunksize=1),
    "a relation of DuckDB": _relation,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_rows_come_from_every_kind_of_object(kind: str) -> None:
    found = _read(KINDS[kind](), metadata="all")
    assert [(ref.uri, ref.label, dict(ref.metadata)) for ref in found] == EXPECTED
    assert refused(found)["row=3"][1].startswith("row 3: the uri is missing")


def test_a_value_of_every_type_is_taken_or_left_out(tmp_path: Path) -> None:
    class Odd:
        pass

    row: dict[Any, Any] = {
        "path": PurePath("/a.jpg"),
        "float": np.float32(1.5),
        "int": np.int64(3),
        "array": np.array([1, 2]),
        "day": date(2020, 1, 2),
        "stamp": pandas.Timestamp("2020-01-02", tz="Asia/Tokyo"),
        "money": Decimal("1.25"),
        "key": UUID(int=1),
        "tags": {"x"},
        "pair": ("x", "y"),
        "inner": {"deep": 1},
        "huge": 10**30,
        "half": "\udc80",
        5: "five",
        "nothing": pandas.NA,
        "never": pandas.NaT,
        "not": float("nan"),
        "bytes": b"x",
        "odd": Odd(),
        "grid": np.zeros((2, 2)),
    }
    [ref] = _read([row], metadata="all")
    assert (ref.uri, dict(ref.metadata)) == (
        "/a.jpg",
        {
            **{"float": 1.5, "int": 3, "array": [1, 2], "day": "2020-01-02T00:00:00.000Z", "money": 1.25},
            **{"stamp": "2020-01-01T15:00:00.000Z", "key": str(UUID(int=1)), "tags": ["x"], "pair": ["x", "y"]},
            **{"inner_deep": 1, "huge": str(10**30), "half": "?", "_5": "five"},
        },
    )


def test_paths_alone_have_the_labels_of_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "1.jpg").write_bytes(b"x")
    some = [Path("cats/1.jpg"), "s3://bucket/dogs/2.jpg", "https://h/birds/3.jpg", b"cats/caf\xe9.jpg", "", 7]
    found = _read(iter(some))
    assert [(ref.uri, ref.label) for ref in found] == [
        (f"{tmp_path}/cats/1.jpg", "cats"),
        ("s3://bucket/dogs/2.jpg", "dogs"),
        ("https://h/birds/3.jpg", None),
        (f"file://{tmp_path}/cats/caf%E9.jpg", "cats"),
        ("python#row=5", None),
        ("python#row=6", None),
    ]
    assert "An int is neither a dict nor a path" in refused(found)["row=6"][1]
    assert [ref.label for ref in _read(some[:2], "none")] == [None, None]
    assert [ref.uri for ref in _read(tmp_path.rglob("*.jpg"))] == [f"{tmp_path}/cats/1.jpg"]
    for column in (pandas.Series, polars.Series, pyarrow.array, np.array):
        assert [ref.uri for ref in _read(column(["cats/1.jpg"]))] == [f"{tmp_path}/cats/1.jpg"]


def test_a_row_that_cannot_be_read_costs_no_other_row() -> None:
    deep: dict[str, Any] = {"path": "/b.jpg"}
    deep["deep"] = deep
    rows: list[object] = [{"path": "/a.jpg"}, ["/x.jpg"], deep, None, {"path": ["/y.jpg"]}, {"path": b"/z.jpg"}]
    found = _read([*rows, {}, {"path": "/c.jpg", "year": "x"}], metadata="year:int")
    assert [ref.uri for ref in found] == ["/a.jpg", *(f"python#row={number}" for number in range(2, 9))]
    details = {place: detail for place, (_, detail) in refused(found).items()}
    assert "A list is neither" in details["row=2"] and "cannot be written as JSON" in details["row=3"]
    assert "no integer" in details["row=8"]


def test_the_last_row_counts_also_across_batches_and_objects() -> None:
    rows = [{"path": f"/{number}.jpg", "year": number} for number in range(FRAME_ROWS + 10)]
    frame = pandas.DataFrame([*rows, {"path": "/0.jpg", "year": 5}])
    sources = [given(frame, 1, label_of_path("none")), given([{"path": "/1.jpg", "year": 6}], 2, label_of_path("none"))]
    found = {ref.uri: dict(ref.metadata) for ref in find_images(sources, tables=TableOptions(metadata="all"))}
    assert len(found) == FRAME_ROWS + 10
    assert (found["/0.jpg"], found["/1.jpg"]) == ({"year": 5}, {"year": 6})
    assert check_sources(sources).repeated == 2
    assert [scope.prefixes for scope in scopes(sources)] == [("python#",), ("python-2#",)]


UNUSABLE: dict[str, tuple[Callable[[], object], str]] = {
    "columns of the same name": (lambda: pandas.DataFrame([["/a.jpg", 1]], columns=["path", "path"]), "'path'"),
    "no uri column": (lambda: pandas.DataFrame({"title": ["x"], "price": [1]}), "title, price"),
    "no uri column in Arrow": (lambda: pyarrow.table({"title": ["x"]}), "the Table has no column that names images"),
    "a lazy frame": (lambda: polars.LazyFrame({"path": ["/a.jpg"]}), "collect()"),
    "a dict of columns": (lambda: {"path": ["/a.jpg"]}, "A dict is not a source"),
    "bytes": (lambda: b"/a.jpg", "is not a source"),
    "a number": (lambda: 5, "is not a source"),
    "numbers": (lambda: [1, 2], "An int in an iterable"),
    "nothing": (lambda: [], "the list is empty"),
    "a folder": (lambda: ["/tmp"], "ingest(*folders)"),
    "bytes as uris": (lambda: pyarrow.table({"image": [b"x"]}), "holds bytes"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_what_cannot_be_used_is_one_sentence(kind: str) -> None:
    make, expected = UNUSABLE[kind]
    with pytest.raises((BadSetting, SourceMissing)) as refusal:
        _read(make())
    assert expected in str(refusal.value) and len(str(refusal.value).splitlines()) <= 2


def test_no_rows_are_no_error_if_the_columns_are_known() -> None:
    for value in (pandas.DataFrame({"path": []}), polars.DataFrame({"path": []}), pyarrow.table({"path": []})):
        assert _read(value) == []


def test_what_a_reader_or_a_generator_raises_reaches_its_caller() -> None:
    def rows() -> Iterator[Mapping[str, Any]]:
        yield {"path": "/a.jpg"}
        raise ZeroDivisionError

    def batches() -> Iterable[pyarrow.RecordBatch]:
        yield pyarrow.record_batch({"path": ["/a.jpg"]})
        raise pyarrow.ArrowInvalid("half of it is gone")

    with pytest.raises(ZeroDivisionError):
        _read(rows())
    reader = pyarrow.RecordBatchReader.from_batches(pyarrow.schema({"path": pyarrow.string()}), batches())
    with pytest.raises(SourceMissing, match="half of it is gone"):
        _read(reader)


def test_memory_does_not_grow_with_what_a_generator_gives() -> None:
    program = (
        "import resource\n"
        "from lookalike_producer.labels import label_of_path\n"
        "from lookalike_producer.sources import find_images\n"
        "from lookalike_producer.tables.given import given\n"
        "def peak(count):\n"
        "    rows = ({'path': f'/{number:0200}.jpg'} for number in range(count))\n"
        "    assert sum(1 for _ in find_images([given(rows, 1, label_of_path('none'))])) == count\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "first = peak(20_000)\n"
        "print(peak(200_000) - first)\n"
    )
    grown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    # The rows have 40 MB; the filters for repeated uris take up to 32 MB as they fill.
    assert int(grown) < 36_000


def test_neither_pandas_nor_polars_is_imported_by_us() -> None:
    program = (
        "import sys, lookalike_producer.tables.given as g, lookalike_producer.labels as l\n"
        "import lookalike_producer.sources as s\n"
        "list(s.find_images([g.given([{'path': '/a.jpg'}], 1, l.label_of_path('none'))]))\n"
        "print(sorted({'pandas', 'polars', 'pyarrow', 'numpy'} & sys.modules.keys()))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "[]"

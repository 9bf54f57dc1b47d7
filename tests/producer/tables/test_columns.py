"""Which columns are taken: found by their names, or chosen; and what is said about it."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import BadSetting, LookalikeError, SourceMissing
from lookalike.metadata import FieldType, Kind, coerced
from lookalike.records import Reason
from lookalike_producer.refused import RefusedReference
from lookalike_producer.sources import find_tables
from lookalike_producer.tables.options import TableOptions
from lookalike_producer.tables.references import BadMetadata, _Field, _without_surrogates
from lookalike_producer.tables.rows import Column
from lookalike_producer.tables.source import TableSource
from tests.producer.tables.written import images, read, write


def tables(*paths: Path, **columns: Any) -> TableSource:
    return find_tables([str(path) for path in paths], TableOptions(**columns))


@pytest.mark.parametrize(
    ("header", "taken"),
    {
        "url,title": "url",
        "URL,title": "URL",
        "title, Image_Path ": "Image_Path",
        "url,image_url": "image_url",
        "Title,Image URL": "Image URL",
        "title,ImageURL": "ImageURL",
        "title,image-path": "image-path",
        "title,File Name": "File Name",
        "path,url": "url",
        "file_name,label": "file_name",
        "image,id": "image",
    }.items(),
)
def test_the_column_of_uris_is_found_by_its_usual_name(header: str, taken: str, tmp_path: Path) -> None:
    found = tables(write(tmp_path / "t.csv", f"{header}\na,b\n"))
    assert found.plans[0].uri == taken


def test_of_two_candidates_one_is_taken_and_it_is_said_which(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "url,image_url\nhttps://shop/1,https://shop/1.jpg\n")
    note, _ = tables(path).notes
    assert "the images are those in the column image_url" in note and "--uri-column" in note and "url" in note
    assert tables(path, uri_column="url").notes == [
        f"The column image_url of '{path}' is not taken; --metadata all takes what can be metadata."
    ]
    assert list(images(path, uri_column="URL")) == ["https://shop/1"]


REFUSED: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "no candidate": ("title,price", {}, ["no column that names images", "title, price", "--uri-column"]),
    "unknown uri column": ("url,price", {"uri_column": "link"}, ["no column 'link' for the uri", "url, price"]),
    "unknown label column": ("url,price", {"label_column": "x"}, ["no column 'x' for the label"]),
    "unknown id column": ("url,price", {"id_column": "x"}, ["no column 'x' for the id"]),
    "unknown metadata": ("url,price", {"metadata": "cost"}, ["no column 'cost' for the metadata", "url, price"]),
    "unknown type": ("url,price", {"metadata": "price:money"}, ["no type 'money'"]),
    "nothing named": ("url,price", {"metadata": ","}, ["names no column"]),
    "too many": (",".join(["url", *(f"c{n}" for n in range(65))]), {"metadata": "all"}, ["65 metadata fields", "64"]),
    "no base": ("url,price", {"base": "no-such-folder"}, ["no folder 'no-such-folder'"]),
    "empty name": ("url,price", {"uri_column": ""}, ["An empty text"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_columns_that_cannot_be_taken_are_one_sentence(case: str, tmp_path: Path) -> None:
    header, columns, expected = REFUSED[case]
    path = write(tmp_path / "t.csv", f"{header}\n" + ",".join("x" for _ in header.split(",")))
    with pytest.raises((BadSetting, SourceMissing)) as refusal:
        tables(path, **columns)
    assert [text for text in expected if text not in str(refusal.value)] == []


def test_types_are_inferred_from_the_first_rows(tmp_path: Path) -> None:
    rows = (
        "path,int,float,bool,date,time,zip,mixed,empty,caption,long,a b,a.b\n"
        f"a.jpg,1,1.5,True,2020-01-01,2020-01-01 10:00:00+02:00,01234,1,,a cat,{'x' * 300},1,2\n"
        "b.jpg,,2,false,2021-01-01,,99999,x,NaN,1,y,1,2\n"
    )
    found = tables(write(tmp_path / "t.csv", rows), metadata="all")
    assert {name: str(type) for name, type in found.fields.items()} == {
        "int": "integer",
        "float": "float",
        "bool": "boolean",
        "date": "date",
        "time": "date",
        "zip": "keyword",
        "mixed": "keyword",
        "empty": "keyword",
        "caption": "text",
        "long": "text",
        "a_b": "integer",
        "a_b_2": "integer",
    }
    [first, _] = [metadata for _, metadata in images(tmp_path / "t.csv", metadata="all").values()]
    assert (first["zip"], first["time"], first["a_b_2"]) == ("01234", "2020-01-01T08:00:00.000Z", 2)


def test_json_lines_have_types_lists_and_objects_inside(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.jsonl",
        '{"url": "a.jpg", "n": 1, "tags": ["x", "y"], "exif": {"iso": 100, "gps": {"lat": 1.5}}, "odd": [{"a": 1}]}\n'
        '{"url": "b.jpg", "n": 2.5, "tags": null}\n',
    )
    found = tables(path, metadata="all")
    assert {name: str(type) for name, type in found.fields.items()} == {
        "n": "float",
        "tags": "keyword[]",
        "exif_iso": "integer",
        "exif_gps_lat": "float",
    }
    with pytest.raises(BadSetting, match="odd"):
        tables(path, metadata="odd")


def test_labels_and_keys_have_columns_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "sku,path,Class,brand\n0017,a.jpg,cat,x\n18,b.jpg,,y\n")
    assert images(path, id_column="sku") == {
        f"{tmp_path}/a.jpg": ("cat", {"id": "0017"}),
        f"{tmp_path}/b.jpg": (None, {"id": "18"}),
    }
    assert images(path, label_column="brand", metadata="none")[f"{tmp_path}/a.jpg"] == ("x", {})


def test_numbers_of_classes_become_their_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", '{"path": "a.jpg", "label": 3}\n{"path": "b.jpg", "label": 4.0}\n')
    assert [label for label, _ in images(path).values()] == ["3", "4"]


def test_columns_that_are_not_taken_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "path,label,price,brand\na.jpg,x,1,y\n")
    assert tables(path).notes == [
        f"The columns price, brand of '{path}' are not taken; --metadata all takes what can be metadata."
    ]
    assert tables(path, metadata="none").notes == []


def test_a_key_that_comes_after_the_first_rows_is_named(tmp_path: Path) -> None:
    """It may come after a hundred thousand; no row is lost for it."""
    early = [f'{{"path": "{i}.jpg", "n": {i}}}' for i in range(1200)]
    late = [f'{{"path": "{i}.jpg", "late": 1, "extra": {{"a": 1}}}}' for i in range(1200, 1210)]
    path = write(tmp_path / "t.jsonl", "\n".join([*early, *late]))
    found = tables(path, metadata="all")
    assert len(list(found.references())) == 1210
    assert found.notes[-1].startswith(f"'late' and 1 more of {path} is no metadata: it first comes in row 1,201.")
    for chosen in ("n", "none"):
        quiet = tables(path, metadata=chosen)
        assert len(list(quiet.references())) == 1210 and not any("late" in note for note in quiet.notes)


def test_a_named_key_may_come_late(tmp_path: Path) -> None:
    rows = [
        json.dumps({"path": f"{number}.jpg"} | ({"late": number, "kind": "x"} if number > 1200 else {}))
        for number in range(1300)
    ]
    path = write(tmp_path / "t.jsonl", "\n".join(rows))
    found = tables(path, metadata="late:int,kind,never")
    refs = {ref.uri.rpartition("/")[2]: dict(ref.metadata) for ref in found.references()}
    assert (refs["1200.jpg"], refs["1201.jpg"]) == ({}, {"late": 1201, "kind": "x"})
    assert found.notes == [f"No row of {str(path)!r} has the column 'never'."]
    assert {ref.label for ref in tables(path, label_column="kind").references()} == {None, "x"}
    # Of a short table, all keys are known.
    short = write(tmp_path / "s.jsonl", "\n".join(rows[1290:]))
    with pytest.raises(BadSetting, match="has no column 'never'"):
        tables(short, metadata="late,never")
    # What the first of several tables has may come late in the next one.
    both = tables(tmp_path / "s.jsonl", tmp_path / "t.jsonl", metadata="late:int")
    assert sum(bool(ref.metadata) for ref in both.references()) == 99


def test_the_type_that_an_index_holds_decides_if_most_rows_fit_it(tmp_path: Path) -> None:
    held = {"year": FieldType(Kind.INTEGER)}
    for values, type in ((["2001", "about 2002", "n/a"], "integer"), (["early", "late", "2003"], "keyword")):
        path = write(
            tmp_path / "t.csv", "path,year\n" + "".join(f"{n}.jpg,{value}\n" for n, value in enumerate(values))
        )
        found = tables(path, metadata="all")
        found.fit(held)
        assert str(found.fields["year"]) == type
    found = tables(write(path, "path,year\na.jpg,2001\nb.jpg,about 2002\n"), metadata="year")
    found.fit(held)
    good, bad = found.references()
    assert (good.metadata, bad.uri) == ({"year": 2001}, f"{path}#row=2")
    assert isinstance(bad, RefusedReference) and bad.reason is Reason.BAD_METADATA


def test_tables_of_one_folder_share_their_fields(tmp_path: Path) -> None:
    write(tmp_path / "tables" / "a.csv", "path,n,only_a\n/a.jpg,1,x\n")
    write(tmp_path / "tables" / "b.csv", "n,path\n1.5,/b.jpg\n")
    write(tmp_path / "tables" / "c.csv", "title\nx\n")
    assert tables(tmp_path / "tables", metadata="all").fields["n"] == FieldType(Kind.FLOAT)
    found = read(tmp_path / "tables", metadata="n,only_a")
    assert [(ref.uri, dict(ref.metadata)) for ref in found] == [
        ("/a.jpg", {"n": 1.0, "only_a": "x"}),
        ("/b.jpg", {"n": 1.5}),
        (f"{tmp_path}/tables/c.csv", {}),
    ]


def test_fields_of_two_sources_must_agree(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.csv", "path,n\n/a.jpg,1\n"), write(tmp_path / "b.csv", "path,n\n/b.jpg,x\n")
    with pytest.raises(BadSetting, match="field n is integer in one table and keyword in another"):
        tables(a, b, metadata="n")
    assert images(a, b, metadata="n:text") == {"/a.jpg": (None, {"n": "1"}), "/b.jpg": (None, {"n": "x"})}


def test_the_last_of_several_rows_with_one_image_counts(tmp_path: Path) -> None:
    rows = ["path,label", "/a.jpg,old", "/b.jpg,b", "//a.jpg,middle", "/c.jpg,c", "/b.jpg,b", "/x/../a.jpg,new"]
    found = tables(write(tmp_path / "t.csv", "\n".join(rows)))
    refs = list(found.references())
    assert {ref.uri: ref.label for ref in refs} == {"/a.jpg": "new", "/b.jpg": "b", "/c.jpg": "c"}
    assert len(refs) == found.count() == 3
    assert found.notes == [
        "3 rows repeat the images of an earlier row (2 with another label or other metadata): the last row counts."
    ]


def test_rows_win_over_images_that_other_sources_find(tmp_path: Path) -> None:
    write(tmp_path / "pics" / "a.jpg", "x")
    write(tmp_path / "pics" / "b.jpg", "x")
    path = write(tmp_path / "t.csv", "path,label\npics/a.jpg,cat\n")
    assert images(tmp_path / "pics", path) == {
        f"{tmp_path}/pics/a.jpg": ("cat", {}),
        f"{tmp_path}/pics/b.jpg": ("pics", {}),
    }


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "lookalike_producer.tables.columnar", raising=False)
    monkeypatch.delitem(sys.modules, "lookalike_producer.tables.arrow_types", raising=False)
    write(tmp_path / "t.parquet", "PAR1")
    with pytest.raises(LookalikeError, match="parquet"):
        tables(tmp_path / "t.parquet")


def test_a_value_that_is_taken_as_it_is_is_what_the_rules_make_of_it() -> None:
    """Most values fit their field already, and are not converted."""
    values: list[Any] = [
        *(
            "brand",
            "none",
            " none ",
            "n/a",
            "a b",
            " padded ",
            "tail\n",
            "é" * 9,
            "\ud800 half",
            "x" * 999,
            "x" * 20_000,
        ),
        *("12345", "12.50", "2020-01-02", "true", "False", 0, 5, -(2**63), 2**63 - 1, 2**63, True, False, None),
        *(0.5, -0.0, 1e308, float("nan"), float("inf"), "", [1], ["a"], {"a": 1}, b"bytes"),
    ]
    for kind in Kind:
        type = FieldType(kind)
        field = _Field(Column("c"), "c", type)
        for value in values:
            try:
                expected: object = _without_surrogates(coerced(value, type))
            except ValueError:
                with pytest.raises(BadMetadata):
                    field.value(value)
            else:
                found = field.value(value)
                assert (found, found.__class__) == (expected, expected.__class__), (kind, value)

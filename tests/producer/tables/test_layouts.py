"""How tables and images lie together: as on Hugging Face and Kaggle, in folders and globs of tables."""

from collections.abc import Callable
from pathlib import Path

import pandas
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

from lookalike.errors import SourceMissing
from lookalike.records import Reason
from lookalike.storage import local_uri
from lookalike_producer.places import placed
from lookalike_producer.scope import covered, scopes
from lookalike_producer.sources import find_tables
from tests.producer.tables.written import images, read, refused, write

ROWS = pandas.DataFrame({"file_name": ["0.png", "deep/1.png"], "label": ["cat", "dog"], "year": [2001, 2002]})


def _write_table(folder: Path, suffix: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    {
        "csv": lambda path: ROWS.to_csv(path, index=False),
        "jsonl": lambda path: ROWS.to_json(path, orient="records", lines=True),
        "parquet": ROWS.to_parquet,
    }[suffix](folder / f"metadata.{suffix}")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_metadata_beside_images_is_taken_without_options(suffix: str, tmp_path: Path) -> None:
    for split in ("train", "test"):
        _write_table(tmp_path / "set" / split, suffix)
        for name in ("0.png", "deep/1.png", "deep/unnamed.png"):
            write(tmp_path / "set" / split / name, "x")
    one = f"{tmp_path}/set/train"
    expected = {
        f"{one}/0.png": ("cat", {"year": 2001}),
        f"{one}/deep/1.png": ("dog", {"year": 2002}),
        f"{one}/deep/unnamed.png": (None, {}),
    }
    assert images(one) == expected
    assert images(tmp_path / "set") == expected | {
        uri.replace("/train/", "/test/"): known for uri, known in expected.items()
    }
    assert images(one, metadata="none")[f"{one}/0.png"] == ("cat", {})
    assert covered(f"{one}/gone.png", scopes([one])), "what its folder no longer has is an orphan"


def test_a_table_that_nobody_named_names_nothing_outside_of_its_folder(tmp_path: Path) -> None:
    """Whoever wrote the folder would choose what of this machine, or of the network, is indexed."""
    secret = write(tmp_path / "secret" / "s.jpg", "x")
    names = ["../secret/s.jpg", secret, f"file://{secret}", "~/x.jpg", "https://h/x.jpg", "s3://bucket/k.jpg"]
    good = ["a.jpg", "sub/../a.jpg", "sub/b.jpg", f"{tmp_path}/pics/c.jpg"]
    table = write(tmp_path / "pics" / "metadata.csv", "\n".join(["file_name", *map(str, [*names, *good])]))
    for name in ("a.jpg", "sub/b.jpg", "c.jpg"):
        write(tmp_path / "pics" / name, "x")
    found = refused(read(tmp_path / "pics"))
    assert list(found) == [f"row={number}" for number in range(1, 1 + len(names))]
    assert all(reason is Reason.BAD_URI and "give the table itself" in detail for reason, detail in found.values())
    assert set(images(tmp_path / "pics")) == {f"{tmp_path}/pics/{name}" for name in ("a.jpg", "sub/b.jpg", "c.jpg")}
    assert str(secret) in images(table) and "https://h/x.jpg" in images(table), "somebody has named it"
    # With folders that have a table each, the source's folder counts.
    write(tmp_path / "set" / "train" / "metadata.csv", "file_name\n../images/1.jpg\n../../secret/s.jpg\n")
    write(tmp_path / "set" / "images" / "1.jpg", "x")
    assert list(refused(read(tmp_path / "set"))) == ["row=2"]


def test_a_table_that_nobody_named_describes_files_of_odd_names(tmp_path: Path) -> None:
    names = ["t.tar#1.jpg", "t.tar#1/2.jpg", "t.csv#row=1"]
    table = "\n".join(["file_name,year", *(f"{name},2001" for name in names)])
    write(tmp_path / "pics" / "metadata.csv", table)
    expected = {local_uri(write(tmp_path / "pics" / name, "x")): (None, {"year": 2001}) for name in names}
    assert images(tmp_path / "pics") == expected


def test_a_table_called_metadata_that_names_no_files_is_no_description(tmp_path: Path) -> None:
    write(tmp_path / "pics" / "a.jpg", "x")
    write(tmp_path / "pics" / "metadata.csv", "key,value\ncreator,x\n")
    assert images(tmp_path / "pics")[f"{tmp_path}/pics/a.jpg"] == ("pics", {})


@pytest.mark.parametrize(("name", "content"), [("parquet", "PAR1"), ("csv", ""), ("jsonl", "[")])
def test_images_are_not_taken_without_their_table_while_it_cannot_be_read(
    name: str, content: str, tmp_path: Path
) -> None:
    write(tmp_path / "pics" / "a.jpg", "x")
    write(tmp_path / "pics" / f"metadata.{name}", content)
    with pytest.raises(SourceMissing, match=f"metadata.{name}"):
        find_tables([str(tmp_path / "pics")])


def _cut(folder: Path) -> None:
    """Its schema can be read, and the second group of rows cannot."""
    frame = pyarrow.table({"file_name": ["0.png", "1.png"], "year": [2001, 2002]})
    path = folder / "metadata.parquet"
    parquet.write_table(frame, path, row_group_size=1, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    start = parquet.read_metadata(path).row_group(1).column(0).data_page_offset
    content[start : start + 20] = b"\xff" * 20
    path.write_bytes(content)


_ROW = '{"file_name": "0.png", "year": 2001}'
_UNREAD: dict[str, Callable[[Path], object]] = {
    "cut off": _cut,
    "a bad row": lambda folder: write(folder / "metadata.jsonl", f'{_ROW}\n{{"file_name": "1.p'),
    "a bad value": lambda folder: write(folder / "metadata.jsonl", f'{_ROW}\n{{"file_name": "1.png", "year": "x"}}'),
}


@pytest.mark.parametrize("how", _UNREAD)
def test_images_whose_rows_were_not_read_keep_what_is_known_of_them(how: str, tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png", "x")
    _UNREAD[how](tmp_path)
    found = {ref.uri: ref for ref in read(tmp_path, metadata="year:int")}
    # Of a Parquet file, no row is read if one page is damaged.
    is_read = how != "cut off"
    assert found[f"{tmp_path}/0.png"].metadata == ({"year": 2001} if is_read else {})
    assert [found[f"{tmp_path}/{number}.png"].keeps_metadata for number in range(3)] == [not is_read, True, True]
    write(tmp_path / "metadata.jsonl", f"{_ROW}\n")
    (tmp_path / "metadata.parquet").unlink(missing_ok=True)
    assert not any(ref.keeps_metadata for ref in read(tmp_path))


@pytest.mark.parametrize("column", ["image", "id", "image_id", "filename"])
@pytest.mark.parametrize("folder", ["", "images/", "train/"])
@pytest.mark.parametrize("suffix", ["", ".jpg"])
def test_a_table_of_kaggle_finds_its_images(column: str, folder: str, suffix: str, tmp_path: Path) -> None:
    for name in ("a1.jpg", "a2.jpg"):
        write(tmp_path / folder / name, "x")
    path = write(tmp_path / "train.csv", f"{column},label\na1{suffix},x\na2{suffix},y\n")
    assert images(path) == {f"{tmp_path}/{folder}a1.jpg": ("x", {}), f"{tmp_path}/{folder}a2.jpg": ("y", {})}


def test_names_without_suffix_may_have_several(tmp_path: Path) -> None:
    names = [f"{number}" for number in range(10)]
    for number, name in enumerate(names):
        write(tmp_path / "images" / f"{name}.{'png' if number % 3 else 'JPG'}", "x")
    found = images(write(tmp_path / "train.csv", "id,label\n" + "".join(f"{name},x\n" for name in names)))
    assert all(Path(uri).is_file() for uri in found) and len(found) == 10


def test_paths_from_the_working_folder_need_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "pics" / "a.jpg", "x")
    path = write(tmp_path / "tables" / "t.csv", "path\npics/a.jpg\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceMissing, match=r"--base \."):
        find_tables([str(path)])
    assert list(images(path, base=".")) == [f"{tmp_path}/pics/a.jpg"]
    assert list(images(path, base="https://h/x/")) == ["https://h/x/pics/a.jpg"]
    assert list(images(path, base="s3://bucket/x")) == ["s3://bucket/x/pics/a.jpg"]


def test_a_folder_and_a_glob_of_tables_are_one_table(tmp_path: Path) -> None:
    write(tmp_path / "tables" / "year=2001" / "a.csv", "path\n/a.jpg\n/x.jpg\n")
    write(tmp_path / "tables" / "b.jsonl", '{"path": "/b.jpg"}\n{"path": "/x.jpg"}')
    write(tmp_path / "tables" / "_SUCCESS", "")
    write(tmp_path / "tables" / ".b.jsonl.crc", "")
    everything = {"/a.jpg", "/b.jpg", "/x.jpg"}
    assert set(images(tmp_path / "tables")) == everything
    assert set(images(f"{tmp_path}/tables/**/*.*")) == everything
    assert set(images(f"{tmp_path}/tables/*.jsonl")) == {"/b.jpg", "/x.jpg"}
    write(tmp_path / "tables" / "c.jpg", "x")
    assert f"{tmp_path}/tables/c.jpg" in images(tmp_path / "tables"), "a folder of images, with other files in it"


def test_a_bad_table_among_good_ones_is_one_record(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "")
    write(tmp_path / "b.csv", "path\n/b.jpg\n")
    write(tmp_path / "c.parquet", "PAR1xxxxxxxx")
    found = read(tmp_path)
    assert sorted(ref.uri for ref in found) == ["/b.jpg", f"{tmp_path}/a.csv", f"{tmp_path}/c.parquet"]
    assert len(refused(found)) == 2


@pytest.mark.xdist_group("datasets")
def test_what_hugging_face_writes_is_read(tmp_path: Path) -> None:
    import datasets

    folder = tmp_path / "folder"
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        Image.new("RGB", (2, 2)).save(folder / name / "0.png")
    cache = str(tmp_path / "cache")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(folder), split="train", cache_dir=cache)
    embedded = loaded.with_format("arrow").map(datasets.table.embed_table_storage, batched=True)
    embedded.to_parquet(str(tmp_path / "bytes.parquet"))
    with pytest.raises(SourceMissing, match="holds the images themselves, as bytes"):
        find_tables([str(tmp_path / "bytes.parquet")])
    paths = loaded.cast_column("image", datasets.Image(decode=False))
    paths.to_parquet(str(tmp_path / "paths.parquet"))
    flat = paths.map(lambda row: {"path": row["image"]["path"]}, remove_columns=["image"])
    flat.save_to_disk(str(tmp_path / "saved"))
    names: list[str] = loaded.features["label"].names
    expected: dict[str, object] = {f"{folder}/{name}/0.png": (name, {}) for name in names}
    assert images(tmp_path / "paths.parquet") == images(tmp_path / "saved") == expected
    assert len(placed([str(tmp_path / "saved")])) == 1

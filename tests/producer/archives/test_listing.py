"""Archives as sources: what is found in them, with which labels and metadata, and what is said of broken ones."""

import json
import subprocess
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from lookalike.errors import SourceMissing
from lookalike.reading.contract import Fetched, State
from lookalike.reading.reader import Reader
from lookalike.records import ImageRef, Reason
from lookalike.settings import read_settings
from lookalike_producer.archives import samples
from lookalike_producer.archives.reports import without_reports
from lookalike_producer.check_sources import check_sources
from lookalike_producer.refused import RefusedReference, UnlistedFolder
from lookalike_producer.sources import find_images, find_tables
from lookalike_producer.tables.options import TableOptions
from lookalike_producer.walk.options import USUAL, WalkOptions
from testing.archives import add, write_tar, write_zip


def found(*sources: object, label_from: str = "parent", options: WalkOptions = USUAL) -> dict[str, ImageRef]:
    """The references by the name of archive and member."""
    references = list(find_images([str(source) for source in sources], label_from, options))
    by_name = {_short(ref.uri): ref for ref in references}
    assert len(by_name) == len(references), "a reference is there twice"
    return by_name


def _short(uri: str) -> str:
    path, hash, name = uri.partition("#")
    return Path(path).name + hash + name


def test_members_are_found_with_the_label_of_their_folder(tmp_path: Path) -> None:
    names = ("cats/1.jpg", "2.jpg", "./cats/3.jpg", "./4.jpg", "train/dogs/5.jpg", "../6.jpg")
    for write in (write_tar, write_zip):
        path = write(tmp_path / f"{write.__name__}.zip", dict.fromkeys(names, b"x"))
        labels = {ref.uri.partition("#")[2]: ref.label for ref in find_images([str(path)])}
        assert labels == dict(zip(names, ("cats", None, "cats", None, "dogs", None), strict=True))
        assert {ref.label for ref in find_images([str(path)], "none")} == {None}
        assert all(ref.span for ref in find_images([str(path)]))


def test_a_reference_has_the_etag_that_reading_it_gives(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"a.jpg": b"a"})
    assert found(path)["a.tar#a.jpg"].etag == "", "the archive may be written again in the same moment"
    # Nobody can set the time of change, so this waits until it is settled.
    while not (ref := found(path)["a.tar#a.jpg"]).etag:
        time.sleep(0.1)
    reader = Reader(read_settings(home=tmp_path))
    assert reader.fetch(ref) == Fetched(b"a", ref.etag)
    assert reader.state(ref.uri) == State(ref.etag, 1)
    reader.close()


def test_archives_are_found_in_folders_globs_lists_and_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        write_tar(tmp_path / f"shards/{number:05}.tar", {"a.jpg": b"a"})
    (tmp_path / "shards" / "loose.jpg").write_bytes(b"x")
    (tmp_path / "list.txt").write_text("shards/00001.tar\nshards/00002.tar#a.jpg\nshards/00000.tar#cats/no.jpg\n")
    monkeypatch.chdir(tmp_path)
    everything = {"00000.tar#a.jpg", "00001.tar#a.jpg", "00002.tar#a.jpg"}
    assert set(found("shards")) == everything | {"loose.jpg"}
    assert set(found("shards/*.tar")) == everything
    assert set(found("shards/{00000..00002}.tar")) == everything
    assert set(found("shards/{00002..00000..2}.tar")) == everything - {"00001.tar#a.jpg"}
    listed = found("list.txt")
    assert set(listed) == {"00001.tar#a.jpg", "00002.tar#a.jpg", "00000.tar#cats/no.jpg"}
    assert listed["00000.tar#cats/no.jpg"].label == "cats" and listed["00002.tar#a.jpg"].label is None
    assert set(found("shards/00001.tar#a.jpg")) == {"00001.tar#a.jpg"}
    assert set(found("shards", options=WalkOptions(exclude=("*.tar",)))) == {"loose.jpg"}


def test_a_missing_shard_is_one_record_and_the_others_go_on(tmp_path: Path) -> None:
    write_tar(tmp_path / "a-1.tar", {"a.jpg": b"a"})
    (tmp_path / "a-2.tar").write_bytes(b"<!DOCTYPE html><html>not found</html>" * 20)
    (tmp_path / "a-3.tar").write_bytes(b"")
    (tmp_path / "a-4.tar").mkdir()
    records = found(tmp_path / "a-{0..3}.tar")
    assert set(records) == {"a-0.tar", "a-1.tar#a.jpg", "a-2.tar", "a-3.tar"}
    reasons = {name: ref.reason for name, ref in records.items() if isinstance(ref, UnlistedFolder)}
    assert reasons == {"a-0.tar": Reason.NOT_FOUND, "a-2.tar": Reason.UNSUPPORTED, "a-3.tar": Reason.EMPTY}
    assert isinstance(records["a-2.tar"], UnlistedFolder) and "an HTML page" in records["a-2.tar"].detail
    with pytest.raises(SourceMissing, match="HTML page"):
        found(tmp_path / "a-2.tar")


SIDECARS = {
    "00/1.jpg": b"x",
    "00/1.json": json.dumps(
        {
            "caption": "a cat",
            "width": 640,
            "score": 0.5,
            "ok": True,
            "tags": ["a", "b"],
            "Alt text": "from the page",
            "none": None,
            "nested": {"a": 1},
            "lists": [[1]],
            "mixed": [1, "a"],
        }
    ).encode(),
    "00/1.cls": b"7\n",
    "00/2.txt": " a dog\n".encode("utf-8-sig"),
    "00/2.jpg": b"x",
    "00/2.seg.png": b"x",
    "00/3.jpg": b"x",
    "01/1.jpg": b"x",
    "00/4.txt": b"of no image",
}


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_sidecars_become_label_and_metadata_of_each_image_of_their_key(write: type, tmp_path: Path) -> None:
    records = found(write(tmp_path / "a.tar", SIDECARS))
    assert {name.partition("#")[2]: (ref.label, dict(ref.metadata)) for name, ref in records.items()} == {
        "00/1.jpg": (
            "7",
            {
                "caption": "a cat",
                "width": 640,
                "score": 0.5,
                "ok": True,
                "tags": ["a", "b"],
                "Alt_text": "from the page",
            },
        ),
        "00/2.jpg": ("00", {"caption": "a dog"}),
        "00/2.seg.png": ("00", {"caption": "a dog"}),
        "00/3.jpg": ("00", {}),
        "01/1.jpg": ("01", {}),
    }


def test_sidecars_may_come_before_or_after_but_not_too_far_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "MOST_WAITING", 3)
    names = ["a.txt", "b.jpg", "c.jpg", "a.jpg", "d.jpg", "e.jpg", "f.jpg", "b.txt"]
    records = found(write_tar(tmp_path / "a.tar", {name: name.encode() for name in names}))
    assert records["a.tar#a.jpg"].metadata == {"caption": "a.txt"}
    assert records["a.tar#b.jpg"].metadata == {}, "its sidecar comes after three other keys"
    assert len(records) == 6


@pytest.mark.parametrize("write", [write_tar, write_zip])
@pytest.mark.parametrize(
    ("sidecar", "content", "detail"),
    [
        ("a.json", b"{", "not JSON"),
        ("a.json", b"[" * 100_000, "not JSON"),
        ("a.json", b"[1]", "no fields"),
        ("a.json", b'{"a": "%s"}' % (b"x" * 300_000), "too large"),
        ("a.json", b"{%s}" % b",".join(b'"a%d": "%s"' % (n, b"x" * 1000) for n in range(60)), "bytes of metadata"),
        ("a.txt", b"\xff\xfe", "not UTF-8"),
        ("a.cls", b"x" * 2000, "2000 characters"),
    ],
    ids=["cut", "deep", "list", "large", "much", "encoding", "label"],
)
def test_a_broken_sidecar_rejects_its_image_only(
    write: type, sidecar: str, content: bytes, detail: str, tmp_path: Path
) -> None:
    records = found(write(tmp_path / "a.tar", {"a.jpg": b"a", sidecar: content, "b.jpg": b"b"}))
    refused = records["a.tar#a.jpg"]
    assert isinstance(refused, RefusedReference) and refused.reason is Reason.BAD_METADATA
    assert detail in refused.detail
    assert type(records["a.tar#b.jpg"]) is ImageRef and len(records) == 2


def test_hidden_members_clutter_and_archives_in_archives(tmp_path: Path) -> None:
    members = dict.fromkeys(("a.jpg", ".b.jpg", "__MACOSX/._a.jpg", "@eaDir/c.jpg", "d/Thumbs.db", "inner.zip"), b"x")
    path = write_zip(tmp_path / "a.zip", members)
    records = found(path)
    assert set(records) == {"a.zip#a.jpg", "a.zip#inner.zip"}
    inner = records["a.zip#inner.zip"]
    assert isinstance(inner, RefusedReference) and inner.reason is Reason.UNSUPPORTED
    assert len(found(path, options=WalkOptions(include_hidden=True))) == 6
    assert set(found(path, options=WalkOptions(exclude=("*.zip", "a.jpg")))) == set()
    folder = write_zip(tmp_path / "b.zip", {"raw/a.jpg": b"x", "b.jpg": b"x"})
    assert set(found(folder, options=WalkOptions(exclude=("raw/",)))) == {"b.zip#b.jpg"}


@pytest.mark.parametrize("parts", [1, 7])
def test_the_last_member_of_a_name_counts(parts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike_producer.archives.listing._SORTED", 8 // parts + 1)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, content in (
            ("a.jpg", b"1" * 9),
            ("b.jpg", b"b"),
            ("a.jpg", b"2"),
            ("a.txt", b"new"),
            ("a.jpg", b"3"),
        ):
            add(archive, name, content)
        add(archive, "c.jpg", b"c")
    records = found(tmp_path / "a.tar")
    assert set(records) == {"a.tar#a.jpg", "a.tar#b.jpg", "a.tar#c.jpg"}
    data = (tmp_path / "a.tar").read_bytes()
    span = records["a.tar#a.jpg"].span
    assert span is not None and data[span.start + 512 : span.start + span.length] == b"3"


def test_a_cut_tar_keeps_what_is_before_the_cut(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {name: b"x" * 5000 for name in ("a.jpg", "b.jpg", "c.jpg")})
    whole = path.read_bytes()
    cuts: Mapping[int, set[str]] = {
        100: {"a.tar"},
        1000: {"a.tar", "a.tar#a.jpg"},
        5632 + 100: {"a.tar", "a.tar#a.jpg"},
        5632 + 1000: {"a.tar", "a.tar#a.jpg", "a.tar#b.jpg"},
        5632 * 2: {"a.tar", "a.tar#a.jpg", "a.tar#b.jpg"},
    }
    for cut, names in cuts.items():
        path.write_bytes(whole[:cut])
        records = found(path, tmp_path)
        assert set(records) == names, cut
        record = records["a.tar"]
        assert isinstance(record, UnlistedFolder) and record.reason in (Reason.TRUNCATED, Reason.UNSUPPORTED)


def test_the_output_of_img2dataset_is_read_without_its_reports(tmp_path: Path) -> None:
    write_tar(tmp_path / "00000.tar", {"000000000.jpg": b"x", "000000000.json": b'{"caption": "a cat", "width": 64}'})
    for name in ("00000.parquet", "00000_stats.json", "00001.parquet", "other_stats.json"):
        (tmp_path / name).write_bytes(b"x")
    assert set(found(tmp_path)) == {"00000.tar#000000000.jpg", "00001.parquet", "other_stats.json"}


def test_a_field_has_one_type_in_all_sidecars_of_a_source(tmp_path: Path) -> None:
    values: dict[str, list[object]] = {
        "number": [1, 0.5, 2**63],
        "list": ["a", ["b", "c"], ["d"]],
        "text": [7, "x", True],
        "same": [1, 2, 3],
    }
    for number in range(3):
        fields = {name: some[number] for name, some in values.items()}
        members = {f"{number}.jpg": b"x", f"{number}.json": json.dumps(fields).encode()}
        write_tar(tmp_path / f"{number // 2}.tar", members, "a")
    metadata = {name.partition("#")[2]: dict(ref.metadata) for name, ref in found(tmp_path).items()}
    by_field = {name: [metadata[f"{number}.jpg"][name] for number in range(2)] for name in values}
    assert by_field == {"number": [1.0, 0.5], "list": [["a"], ["b", "c"]], "text": ["7", "x"], "same": [1, 2]}
    assert [type(value) for value in by_field["number"]] == [float, float]
    assert metadata["2.jpg"] == {"number": 2.0**63, "list": ["d"], "text": "true", "same": 3}


def test_no_more_fields_are_taken_than_an_index_has(tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for number in range(3):
        members |= {
            f"{number}.jpg": b"x",
            f"{number}.json": json.dumps({f"f{number}_{n}": n for n in range(40)}).encode(),
        }
    records = found(write_tar(tmp_path / "a.tar", members))
    assert len({name for ref in records.values() for name in ref.metadata}) == 64


def test_shards_of_the_webdataset_library(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    with webdataset.ShardWriter(f"{tmp_path}/shard-%06d.tar", maxcount=2, verbose=0) as writer:
        for number in range(4):
            writer.write({"__key__": f"s{number}", "jpg": b"x", "json": {"n": number}, "txt": "a cat", "cls": number})
    records = found(f"{tmp_path}/shard-{{000000..000001}}.tar")
    assert {name.partition("#")[2]: (ref.label, dict(ref.metadata)) for name, ref in records.items()} == {
        f"s{number}.jpg": (str(number), {"n": number, "caption": "a cat"}) for number in range(4)
    }


def test_what_is_behind_the_end_of_a_tar_is_said(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"a.jpg": b"a" * 700})
    whole = path.read_bytes()
    end = 512 + 1024
    reasons = {
        b"": None,
        whole[: end + 512]: None,
        whole + bytes(2**20 - len(whole)): None,
        whole + bytes(2**15 - len(whole)): None,
        whole + bytes(2**15): Reason.TRUNCATED,
        whole[:end] + bytes(30_000): Reason.TRUNCATED,
        whole + bytes(2**20 + end): Reason.TRUNCATED,
        whole[:end] + bytes(2**22): Reason.TRUNCATED,
        whole + whole: Reason.TRUNCATED,
        bytes(10240): Reason.EMPTY,
    }
    for data, reason in reasons.items():
        path.write_bytes(data or whole)
        records = found(tmp_path)
        record = records.pop("a.tar", None)
        assert (record.reason if isinstance(record, UnlistedFolder) else None) is reason, len(data)
        assert set(records) == ({"a.tar#a.jpg"} if reason is not Reason.EMPTY else set())


def test_a_copy_that_was_filled_up_with_zeros_is_not_whole(tmp_path: Path) -> None:
    """A program that reserves the space of a download leaves zeros where it broke off."""
    names = [f"{number}.jpg" for number in range(30)]
    whole = write_tar(tmp_path / "whole.tar", dict.fromkeys(names, b"x" * 3000)).read_bytes()
    path = tmp_path / "a.tar"
    for at in (512 * 8, 512 * 8 + 100, 512 * 10 + 512, 512 * 13 + 1, 512 * 14 + 512, 512 * 150):
        path.write_bytes(whole[:at] + bytes(len(whole) - at))
        records = found(path)
        archive = records.pop("a.tar")
        assert isinstance(archive, UnlistedFolder) and archive.reason is Reason.TRUNCATED, at
        read = [ref for ref in records.values() if not isinstance(ref, RefusedReference)]
        assert all(ref.span and ref.span.start + ref.span.length <= at for ref in read), "zeros stand for its end"
        assert len(records) - len(read) <= 1
    for data in (bytes(10240), bytes(2**16)):
        for name in ("b.tar", "b.zip"):
            (tmp_path / name).write_bytes(data)
            [record] = find_images([str(tmp_path / name)])
            assert isinstance(record, UnlistedFolder), "nothing is deleted"


@pytest.mark.parametrize("options", [[], ["-b", "1"], ["-b", "64"], ["-b", "2048"], ["--format", "gnu"]])
def test_a_tar_as_gnu_tar_fills_it_up_is_whole(options: list[str], tmp_path: Path) -> None:
    for number, size in enumerate((1, 511, 512, 10_000, 20_000)):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{number}.jpg").write_bytes(b"x" * size)
        subprocess.run(["tar", *options, "-C", tmp_path / "in", "-cf", tmp_path / "a.tar", "."], check=True)
        assert len(found(tmp_path / "a.tar")) == number + 1


def test_an_archive_without_a_file_is_empty(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", {})
    write_zip(tmp_path / "b.zip", {"folder/": b""})
    write_zip(tmp_path / "c.zip", {".hidden.jpg": b"x"})
    with tarfile.open(tmp_path / "d.tar", "w") as archive:
        add(archive, "folder", type=tarfile.DIRTYPE)
    records = found(tmp_path)
    assert {name: ref.reason for name, ref in records.items() if isinstance(ref, UnlistedFolder)} == dict.fromkeys(
        ("a.zip", "b.zip", "d.tar"), Reason.EMPTY
    )
    assert len(records) == 3


def test_the_folders_of_img2dataset_are_read_with_their_sidecars(tmp_path: Path) -> None:
    # As version 1.47 writes them with --output_format files.
    shard = tmp_path / "out" / "00000"
    shard.mkdir(parents=True)
    for name in ("00000.parquet", "00000_stats.json"):
        (tmp_path / "out" / name).write_bytes(b"x")
    rows: list[dict[str, object]] = [{"caption": "a cat", "year": 2020, "error_message": None}, {"year": 0.5}, {}]
    for number, fields in enumerate(rows):
        (shard / f"00000{number}.jpg").write_bytes(b"x")
        (shard / f"00000{number}.json").write_text(json.dumps({"key": f"00000{number}", **fields}))
        (shard / f"00000{number}.txt").write_text("a dog")
    (shard / "000003.jpg").write_bytes(b"x")
    (shard / "000003.json").write_text("{")
    (shard / "000004.jpg").write_bytes(b"x")
    (shard / "000004.json").symlink_to(shard / "000000.json")
    records = found(tmp_path / "out")
    broken = records.pop("000003.jpg")
    assert isinstance(broken, RefusedReference) and broken.reason is Reason.BAD_METADATA
    assert {name: (ref.label, ref.metadata.get("caption")) for name, ref in records.items()} == {
        "000000.jpg": (None, "a cat"),
        "000001.jpg": (None, "a dog"),
        "000002.jpg": (None, "a dog"),
        "000004.jpg": (None, None),
    }
    assert set(found(shard)) == set(found(tmp_path / "out" / "*" / "*")) == {*records, "000003.jpg"}
    # A folder that only has a number for its name is one of images, with its label.
    (tmp_path / "out" / "00000_stats.json").unlink()
    (tmp_path / "out" / "00000.parquet").unlink()
    assert found(shard)["000000.jpg"].label == "00000" and "000000.txt" in found(shard)


@pytest.mark.parametrize("layout", ["tar", "files"])
def test_options_for_tables_choose_fields_of_sidecars(layout: str, tmp_path: Path) -> None:
    rows: dict[str, dict[str, object]] = {
        "0": {"breed": "tabby", "Year made": "1999", "score": 1, "sku": 7},
        "1": {"breed": "", "Year made": 2000, "score": 0.5},
        "2": {"breed": "tabby", "Year made": "soon"},
    }
    files = {f"00000/{name}.jpg": b"x" for name in rows}
    files |= {f"00000/{name}.json": json.dumps(fields).encode() for name, fields in rows.items()}
    if layout == "tar":
        write_tar(tmp_path / "00000.tar", files)
    else:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(content)
        (tmp_path / "00000_stats.json").touch()

    def described(label_from: str = "none", **columns: str) -> dict[str, object]:
        references = find_images([str(tmp_path)], label_from, tables=TableOptions(**columns))
        return {
            Path(ref.uri).stem: ref.reason if isinstance(ref, RefusedReference) else (ref.label, dict(ref.metadata))
            for ref in references
        }

    chosen = described(metadata="Year made:int,score:float", label_column="breed", id_column="sku")
    assert chosen == {
        "0": ("tabby", {"Year_made": 1999, "score": 1.0, "id": "7"}),
        "1": (None, {"Year_made": 2000, "score": 0.5}),
        "2": Reason.BAD_METADATA,
    }
    assert described(metadata="none") == dict.fromkeys("012", (None, {}))
    assert described(metadata="all") == described()
    assert described(metadata="breed")["0"] == (None, {"breed": "tabby"})
    tables = find_tables([str(tmp_path)], TableOptions(metadata="Year made:int,breed", id_column="sku"))
    assert {name: str(type) for name, type in tables.fields.items()} == {"id": "keyword", "Year_made": "integer"}


def test_the_key_of_a_member_ends_at_the_first_dot_of_its_base_name(tmp_path: Path) -> None:
    members = {
        "v1.0/a.b.jpg": b"x",
        "v1.0/a.left.PNG": b"x",
        "v1.0/a.json": b'{"n": 1}',
        "v1.0/b.b.json": b'{"n": 2}',
        "v1.0/b.jpg": b"x",
        "v1.0/.c.jpg": b"x",
        "v1.0/noend": b"x",
    }
    records = found(write_tar(tmp_path / "a.tar", members))
    assert {name.rpartition("/")[2]: dict(ref.metadata) for name, ref in records.items()} == {
        "a.b.jpg": {"n": 1},
        "a.left.PNG": {"n": 1},
        "b.jpg": {"n": 2},
        "noend": {},
    }


def test_reports_between_the_objects_of_a_store_are_left_out() -> None:
    keys = [
        "0.parquet",
        "0.tar",
        "0_stats.json",
        "1.parquet",
        "1/000.jpg",
        "1_stats.json",
        "2.parquet",
        "3.tar",
        "4_stats.json",
        "a.parquet",
        "a.tar",
        "9.parquet",
    ]
    listed = [ImageRef(f"s3://b/out/{key}") for key in keys]
    kept = ["0.tar", "1/000.jpg", "2.parquet", "3.tar", "4_stats.json", "a.parquet", "a.tar", "9.parquet"]
    assert [ref.uri.removeprefix("s3://b/out/") for ref in without_reports(listed)] == kept


def test_a_check_does_not_wait_for_the_end_of_an_archive(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {f"{number}.jpg": b"x" for number in range(5000)})
    whole = check_sources([str(path)])
    assert (whole.images, whole.is_complete) == (5000, True)
    part = check_sources([str(path)], seconds=0)
    assert 0 < part.images < 5000 and not part.is_complete
    write_tar(path, {"more.jpg": b"x"}, "a")
    assert check_sources([str(path)]).images == 5001

"""The members of archives are found as references."""

import tarfile
import time
from pathlib import Path

import pytest

from lookalike.errors import SourceMissing
from lookalike.reading.contract import Fetched, State
from lookalike.reading.reader import Reader
from lookalike.records import ImageRef, Reason
from lookalike.settings import read_settings
from lookalike_producer.archives.reports import without_reports
from lookalike_producer.check_sources import check_sources
from lookalike_producer.refused import RefusedReference, UnlistedFolder
from lookalike_producer.sources import find_images
from lookalike_producer.walk.options import WalkOptions
from testing.archives import add, write_tar, write_zip
from tests.producer.archives.found import found


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
    monkeypatch.setattr("lookalike_producer.archives.spool._SORTED", 8 // parts + 1)
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


def test_the_output_of_img2dataset_is_read_without_its_reports(tmp_path: Path) -> None:
    write_tar(tmp_path / "00000.tar", {"000000000.jpg": b"x", "000000000.json": b'{"caption": "a cat", "width": 64}'})
    for name in ("00000.parquet", "00000_stats.json", "00001.parquet", "other_stats.json"):
        (tmp_path / name).write_bytes(b"x")
    assert set(found(tmp_path)) == {"00000.tar#000000000.jpg", "00001.parquet", "other_stats.json"}


def test_shards_of_the_webdataset_library(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    with webdataset.ShardWriter(f"{tmp_path}/shard-%06d.tar", maxcount=2, verbose=0) as writer:
        for number in range(4):
            writer.write({"__key__": f"s{number}", "jpg": b"x", "json": {"n": number}, "txt": "a cat", "cls": number})
    records = found(f"{tmp_path}/shard-{{000000..000001}}.tar")
    assert {name.partition("#")[2]: (ref.label, dict(ref.metadata)) for name, ref in records.items()} == {
        f"s{number}.jpg": (str(number), {"n": number, "caption": "a cat"}) for number in range(4)
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

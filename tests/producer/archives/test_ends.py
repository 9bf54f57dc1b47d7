"""An archive that ends too early, or goes on behind its end."""

import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from lookalike.records import Reason
from lookalike_producer.refused import RefusedReference, UnlistedFolder
from lookalike_producer.sources import find_images
from testing.archives import add, write_tar, write_zip
from tests.producer.archives.found import found


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

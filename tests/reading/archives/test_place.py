"""Members of tars and zips are read where they lie: by the span of a listing, or looked up by name."""

import asyncio
import bz2
import gzip
import lzma
import os
import random
import shutil
import struct
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import pytest
from backports import zstd

from lookalike.errors import ImageRejected
from lookalike.reading.archives import tar, zip
from lookalike.reading.archives.compressed import Forward, Unpacking
from lookalike.reading.archives.contents import etag_of, span_in
from lookalike.reading.archives.kinds import START_BYTES, Kind, kind_of
from lookalike.reading.archives.member import Member
from lookalike.reading.archives.place import ArchivePlace
from lookalike.reading.archives.steps import listed
from lookalike.reading.arrivals import Wanted
from lookalike.reading.contract import Fetched
from lookalike.reading.local import LocalPlace
from lookalike.reading.reader import Reader
from lookalike.records import ImageRef, Reason, Span
from lookalike.settings import read_settings
from lookalike.storage import Storage, local_uri
from testing.archives import add, write_tar, write_zip

Answer = TypeVar("Answer")

MAX_BYTES = 100_000
RANDOM = random.Random(20261126)
#: Names as people have them, of every length that a header may have to hold elsewhere.
MEMBERS = {
    "a.jpg": RANDOM.randbytes(3000),
    "cats/1.jpg": RANDOM.randbytes(512),
    f"{'x' * 150}/b.jpg": RANDOM.randbytes(1),
    f"{'deep/' * 60}c.png": RANDOM.randbytes(513),
    "Übermut/große Katze #1 [neu].jpg": b"text " * 5000,
    "../../etc/passwd": b"root",
    "/absolute.jpg": b"/",
    "./dot.jpg": b".",
    "back\\slash.jpg": b"\\",
    "with\nline.jpg": b"\n",
}


class Counted(LocalPlace):
    """Counts the reads of a real place."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self.reads: list[Span | None] = []

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        self.reads.append(span)
        return await super().fetch(uri, span)


@pytest.fixture
def local(tmp_path: Path) -> Counted:
    return Counted(Storage((tmp_path,), MAX_BYTES))


@pytest.fixture
def place(local: Counted) -> ArchivePlace:
    return ArchivePlace(local, MAX_BYTES)


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    return asyncio.run(work)


def members(path: Path) -> Iterator[Member]:
    """The members, as the producer lists them."""
    data = path.read_bytes()

    def read(span: Span) -> bytes:
        return data[span.start : span.start + span.length]

    kind = kind_of(data[:START_BYTES], path.name)
    if kind is Kind.ZIP:
        return listed(zip.members(len(data), 4096), read)
    if kind.is_compressed:
        return listed(tar.members(1 << 60, 4096), Forward(Unpacking(kind, len(data), read)).read)
    return listed(tar.members(len(data), 4096), read)


def reason(work: Coroutine[Any, Any, Any]) -> Reason:
    with pytest.raises(ImageRejected) as caught:
        run(work)
    return caught.value.reason


def _compressed(compress: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        plain = write_tar(path.with_suffix(".plain"), MEMBERS)
        path.write_bytes(compress(plain.read_bytes()))
        plain.unlink()
        return path

    return write


def _in_two(compress: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Two streams, as parallel compressors write them."""
    return lambda data: compress(data[:5000]) + compress(data[5000:])


WRITERS: dict[str, Callable[[Path], Path]] = {
    "pax.tar": lambda path: write_tar(path, MEMBERS),
    "gnu.tar": lambda path: write_tar(path, MEMBERS, format=tarfile.GNU_FORMAT),
    "stored.zip": lambda path: write_zip(path, MEMBERS, zipfile.ZIP_STORED),
    "deflated.zip": lambda path: write_zip(path, MEMBERS),
    "a.tar.gz": _compressed(gzip.compress),
    "b.tgz": _compressed(_in_two(gzip.compress)),
    "c.tar.bz2": _compressed(_in_two(bz2.compress)),
    "d.tar.xz": _compressed(_in_two(lzma.compress)),
    "e.tar.zst": _compressed(_in_two(zstd.compress)),
    # As pzstd writes it: before each frame, one that is skipped tells its size.
    "f.tar.zst": _compressed(_in_two(lambda data: struct.pack("<III", 0x184D2A50, 4, len(data)) + zstd.compress(data))),
    "really-gzip.tar": _compressed(gzip.compress),
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_member_is_read_by_its_span_and_by_its_name(name: str, tmp_path: Path, place: ArchivePlace) -> None:
    path = WRITERS[name](tmp_path / name)

    async def read() -> None:
        for member in found:
            uri = f"{local_uri(path)}#{member.name}"
            assert (await place.fetch(uri, member.span)).data == MEMBERS[member.name], member
            assert (await place.fetch(uri)).data == MEMBERS[member.name], member
        await place.close()

    found = list(members(path))
    assert [member.name for member in found] == list(MEMBERS)
    run(read())


@pytest.mark.parametrize("name", ["pax.tar", "deflated.zip"])
def test_a_listed_member_takes_one_read(name: str, tmp_path: Path, local: Counted, place: ArchivePlace) -> None:
    path = WRITERS[name](tmp_path / name)
    for member in members(path):
        local.reads.clear()
        run(place.fetch(f"{path}#{member.name}", member.span))
        assert local.reads == [member.span]


def test_what_programs_write_is_read(tmp_path: Path, place: ArchivePlace) -> None:
    for name in ("cats/1.jpg", "cats/Übermut.jpg", f"dogs/{'x' * 200}.jpg"):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / name).write_bytes(name.encode() * 100)
    commands = {
        "tar": ["tar", "--format=gnu", "-cf", "../gnu.tar", "."],
        "zip": ["zip", "-qr", "../info.zip", "."],
        "bsdtar": ["bsdtar", "-cf", "../bsd.tar", "."],
    }
    for program, command in commands.items():
        if shutil.which(program) is None:
            continue
        subprocess.run(command, cwd=tmp_path / "images", check=True)
        path = tmp_path / Path(command[-2]).name
        found = {member.name.removeprefix("./"): member for member in members(path)}
        assert len(found) == 3, program
        for name, member in found.items():
            assert run(place.fetch(f"{path}#{member.name}", member.span)).data == name.encode() * 100, program


def test_zip_streams_and_64_bit_fields_are_read(tmp_path: Path, place: ArchivePlace) -> None:
    path = tmp_path / "a.zip"

    class Pipe:
        """A file that cannot seek, so that sizes stand behind their members."""

        def __init__(self) -> None:
            self.file = open(path, "wb")  # noqa: SIM115 - closed by the test

        def write(self, data: bytes) -> int:
            return self.file.write(data)

        def flush(self) -> None:
            self.file.flush()

    pipe = Pipe()
    with zipfile.ZipFile(cast(IO[bytes], pipe), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("streamed.jpg", b"streamed" * 99)
        archive.writestr(zipfile.ZipInfo("stored.jpg"), b"stored")
        with archive.open("large.jpg", "w", force_zip64=True) as file:
            file.write(b"large")
    pipe.file.close()
    expected = {"streamed.jpg": b"streamed" * 99, "stored.jpg": b"stored", "large.jpg": b"large"}
    assert {member.name: run(place.fetch(f"{path}#{member.name}", member.span)).data for member in members(path)} == (
        expected
    )
    behind = tmp_path / "program.zip"
    behind.write_bytes(b"#!/bin/sh\n" * 1000 + path.read_bytes())
    for member in members(behind):
        assert run(place.fetch(f"{behind}#{member.name}", member.span)).data == expected[member.name]
        assert run(place.fetch(f"{behind}#{member.name}")).data == expected[member.name]


def test_a_member_that_has_moved_is_looked_up_anew(tmp_path: Path, place: ArchivePlace) -> None:
    path = write_tar(tmp_path / "a.tar", {"a.jpg": b"a" * 600, "b.jpg": b"b" * 600})
    old = {member.name: member.span for member in members(path)}
    write_tar(path, {"c.jpg": b"c" * 2000, "b.jpg": b"new b", "d.jpg": b"d"})
    assert run(place.fetch(f"{path}#b.jpg", old["b.jpg"])).data == b"new b"
    assert reason(place.fetch(f"{path}#a.jpg", old["a.jpg"])) is Reason.NOT_FOUND
    assert reason(place.fetch(f"{path}#a.jpg")) is Reason.NOT_FOUND
    path.unlink()
    assert reason(place.fetch(f"{path}#b.jpg", old["b.jpg"])) is Reason.NOT_FOUND
    path.write_bytes(b"")
    assert reason(place.fetch(f"{path}#b.jpg", old["b.jpg"])) is Reason.UNREADABLE, "its document must stay"
    path.write_bytes(b"<!doctype html>" * 99)
    assert reason(place.fetch(f"{path}#b.jpg", old["b.jpg"])) is Reason.UNREADABLE, "its document must stay"


def test_the_last_member_of_a_name_counts(tmp_path: Path, place: ArchivePlace) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "a.jpg", b"first")
        add(archive, "b.jpg", b"b")
        add(archive, "a.jpg", b"last")
    assert run(place.fetch(f"{tmp_path}/a.tar#a.jpg")).data == b"last"


def test_a_state_changes_with_the_archive(tmp_path: Path, place: ArchivePlace) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.jpg": b"a" * 10, "b.jpg": b"b"})
    os.utime(path, (0, 0))
    state = run(place.look(f"{path}#a.jpg"))
    assert state.size_bytes == 10
    assert reason(place.look(f"{path}#c.jpg")) is Reason.NOT_FOUND


def test_few_archives_are_kept_open(tmp_path: Path, place: ArchivePlace) -> None:
    paths = [write_tar(tmp_path / f"{number}.tar", {"a.jpg": b"%d" % number}) for number in range(40)]
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(2):
        for number, path in enumerate(paths):
            assert run(place.fetch(f"{path}#a.jpg")).data == b"%d" % number
    assert len(place._open) <= 17
    run(place.close())
    assert len(os.listdir("/proc/self/fd")) <= before


def test_what_stands_outside_the_roots_is_not_read(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "outside" / "a.tar", {"a.jpg": b"secret"})
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.tar").symlink_to(path)
    place = ArchivePlace(LocalPlace(Storage((inside,), MAX_BYTES)), MAX_BYTES)
    (member,) = members(path)
    for archive in (path, inside / "link.tar"):
        for span in (member.span, None):
            assert reason(place.fetch(f"{archive}#a.jpg", span)) is Reason.OUTSIDE_ROOT


def test_listed_members_of_local_archives_need_no_event_loop(tmp_path: Path) -> None:
    reader = Reader(read_settings(home=tmp_path, max_image_bytes=MAX_BYTES))
    threads = set(threading.enumerate())
    path = write_tar(tmp_path / "a.tar", {"a.jpg": b"a" * 600, "b.jpg": b"b"})
    listed_before = [ImageRef(f"{path}#{member.name}", span=member.span) for member in members(path)]
    wanted = [Wanted(ref) for ref in listed_before]
    assert [cast(Fetched, arrival.result).data for arrival in reader.arrivals(wanted)] == [b"a" * 600, b"b"]
    assert set(threading.enumerate()) <= threads
    write_tar(path, {"c.jpg": b"c" * 2000, "b.jpg": b"new b"})
    gone, moved = reader.arrivals(wanted)
    assert isinstance(gone.result, ImageRejected) and gone.result.reason is Reason.NOT_FOUND
    assert cast(Fetched, moved.result).data == b"new b"
    assert reader.fetch(listed_before[1]).data == b"new b"
    reader.close()


def test_a_member_is_found_by_the_etag_that_it_had(tmp_path: Path, local: Counted, place: ArchivePlace) -> None:
    path = write_tar(tmp_path / "a.tar", {"a.jpg": b"a" * 600, "b.jpg": b"b"})
    for member in members(path):
        uri = f"{path}#{member.name}"
        assert span_in(uri, etag_of("1-2-3", member.span)) == member.span
    assert span_in(f"{path}#b.jpg", "1-2-3") is span_in(f"{path}#b.jpg", "") is None
    assert span_in("https://host/b.jpg", '"x"#1+2') is None, "a server says what it likes"
    local.reads.clear()
    assert run(place.fetch(uri, span_in(uri, etag_of("old", member.span)))).data == b"b"
    assert local.reads == [member.span], "no directory of the archive is made"

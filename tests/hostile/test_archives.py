"""Archives by people who mean harm: each number in them may lie, and nothing costs more than its bound."""

import asyncio
import gzip
import io
import lzma
import os
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import ImageRejected
from lookalike.reading.archives import compressed, tar, zip
from lookalike.reading.archives.place import ArchivePlace
from lookalike.reading.local import LocalPlace
from lookalike.records import ImageRef, Reason
from lookalike.storage import Storage
from lookalike_producer.archives.listing import ArchiveLister
from lookalike_producer.refused import RefusedReference, UnlistedFolder
from lookalike_producer.walk.options import USUAL
from testing.archives import add, write_tar, write_zip

MAX_BYTES = 100_000
MEMBERS = {
    "cats/a.jpg": b"a" * 700,
    "b.jpg": b"",
    "b.json": b'{"a": 1}',
    f"{'x' * 200}.jpg": b"long" * 9,
    "c.jpg": b"c",
}


def references(path: Path) -> list[ImageRef]:
    return list(ArchiveLister(USUAL).references(str(path)))


def outcome(path: Path, ref: ImageRef) -> bytes | Reason:
    """What a worker reads, or why not."""
    if isinstance(ref, RefusedReference):
        return ref.reason

    async def read() -> bytes:
        place = ArchivePlace(LocalPlace(Storage((path.parent,), MAX_BYTES)), MAX_BYTES)
        try:
            return (await place.fetch(ref.uri, ref.span)).data
        finally:
            await place.close()

    try:
        return asyncio.run(read())
    except ImageRejected as rejected:
        return rejected.reason


def outcomes(path: Path) -> dict[str, bytes | Reason]:
    """By the name of the member; that of the archive itself is empty."""
    found = references(path)
    assert len({ref.uri for ref in found}) == len(found)
    return {ref.uri.removeprefix(str(path)).removeprefix("#"): outcome(path, ref) for ref in found}


def _plain(write: Callable[..., Path], name: str, **options: object) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return write(Path(folder) / name, MEMBERS, **options).read_bytes()


VALID = {
    "pax.tar": _plain(write_tar, "a.tar"),
    "gnu.tar": _plain(write_tar, "a.tar", format=tarfile.GNU_FORMAT),
    "a.zip": _plain(write_zip, "a.zip"),
    "a.tar.gz": gzip.compress(_plain(write_tar, "a.tar")),
    "a.tar.xz": lzma.compress(_plain(write_tar, "a.tar")),
}


@pytest.mark.parametrize("name", VALID)
def test_whatever_bytes_are_changed_each_member_ends_once(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    valid, path = VALID[name], tmp_path_factory.mktemp("fuzz") / name

    @settings(max_examples=60, deadline=5000, derandomize=True)
    @given(
        st.lists(st.tuples(st.integers(0, len(valid) - 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4),
        st.integers(0, len(valid)),
        st.booleans(),
    )
    def changed(changes: list[tuple[int, bytes]], length: int, is_cut: bool) -> None:
        data = bytearray(valid)
        for at, piece in changes:
            data[at : at + len(piece)] = piece
        path.write_bytes(bytes(data[:length] if is_cut else data))
        for result in outcomes(path).values():
            assert isinstance(result, bytes | Reason)

    changed()


def test_every_cut_is_seen(tmp_path: Path) -> None:
    for name, valid in VALID.items():
        path = tmp_path / name
        for length in range(0, len(valid) - 1, 97):
            path.write_bytes(valid[:length])
            found = references(path)
            # A tar is complete with the first block of zeros; the rest is padding.
            is_whole = name.endswith(".tar") and length >= (len(valid.rstrip(b"\0")) // 512 + 2) * 512
            records = [ref for ref in found if isinstance(ref, UnlistedFolder)]
            assert len(records) == 1 or is_whole, (name, length)


def test_members_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {f"{number}.jpg": b"x" for number in range(20)}
    for module, path in ((tar, write_tar(tmp_path / "a.tar", members)), (zip, write_zip(tmp_path / "a.zip", members))):
        monkeypatch.setattr(module, "MAX_MEMBERS", 15)
        found = outcomes(path)
        assert len(found) == 16 and found[""] is Reason.TOO_LARGE


def _extended(count: int, length: int, kind: bytes = tarfile.GNUTYPE_LONGNAME) -> bytes:
    """A tar with extended headers before its member."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for _ in range(count):
            add(archive, "././@LongLink", b"n" * length, type=kind)
        add(archive, "a.jpg", b"a")
    return file.getvalue()


def test_headers_and_names_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    for data, expected in (
        (_extended(1, 4096), {f"{'n' * 4096}": b"a"}),
        (_extended(16, 10), {"": Reason.CORRUPT}),
        (_extended(1, 2**20), {"": Reason.CORRUPT}),
        (_extended(9, 2**18, tarfile.XHDTYPE), {"": Reason.CORRUPT}),
        (_extended(9, 2**18, tarfile.XGLTYPE), {"": Reason.CORRUPT}),
    ):
        path.write_bytes(data)
        assert outcomes(path) == expected
    path.write_bytes(_extended(1, 5000))
    (refused,) = references(path)
    assert isinstance(refused, RefusedReference) and refused.reason is Reason.BAD_URI and len(refused.uri) < 1000


def test_nothing_follows_a_link_or_writes_a_name(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    path = tmp_path / "in" / "a.tar"
    path.parent.mkdir()
    with tarfile.open(path, "w") as archive:
        add(archive, "link.jpg", type=tarfile.SYMTYPE, linkname="../secret")
        add(archive, "hard.jpg", type=tarfile.LNKTYPE, linkname="../secret")
        add(archive, "fifo.jpg", type=tarfile.FIFOTYPE)
        add(archive, "device.jpg", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
        add(archive, "sparse.jpg", b"x", type=tarfile.GNUTYPE_SPARSE)
        add(archive, "folder.jpg", type=tarfile.DIRTYPE)
        add(archive, "link.jpg/../../written.jpg", b"x")
        add(archive, "/written.jpg", b"x")
    before = sorted(path.parent.rglob("*"))
    assert outcomes(path) == {
        **dict.fromkeys(("link.jpg", "hard.jpg", "fifo.jpg", "device.jpg"), Reason.NOT_REGULAR),
        "sparse.jpg": Reason.UNSUPPORTED,
        "link.jpg/../../written.jpg": b"x",
        "/written.jpg": b"x",
    }
    assert sorted(path.parent.rglob("*")) == before and not (tmp_path / "written.jpg").exists()
    link = zipfile.ZipInfo("link.jpg")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "in" / "a.zip", "w") as zipped:
        zipped.writestr(link, "../secret")
    (record,) = references(tmp_path / "in" / "a.zip")
    assert isinstance(record, RefusedReference) and record.reason is Reason.NOT_REGULAR


def test_a_size_that_no_archive_has_ends_at_once(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"a.jpg": b"a" * 600, "b.jpg": b"b"})
    data = bytearray(path.read_bytes())
    for size in (b"77777777777\0", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"-0000000001\0", b"notanumber!\0"):
        data[124:136] = size
        data[148:156] = b" " * 8
        data[148:156] = b"%06o\0 " % sum(data[:512])
        path.write_bytes(data)
        start = time.process_time()
        assert set(outcomes(path).values()) <= {Reason.TRUNCATED, Reason.CORRUPT, Reason.TOO_LARGE}
        assert time.process_time() - start < 2


def _patched(path: Path, **fields: int) -> Path:
    """A zip whose only member has other numbers in its directory and header."""
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    for name, value in fields.items():
        place, at, size = {
            "flags": (0, 6, 2),
            "directory_flags": (entry, 8, 2),
            "method": (0, 8, 2),
            "directory_method": (entry, 10, 2),
            "unpacked": (0, 22, 4),
            "directory_unpacked": (entry, 24, 4),
            "packed": (0, 18, 4),
            "directory_packed": (entry, 20, 4),
            "checksum": (0, 14, 4),
            "offset": (entry, 42, 4),
        }[name]
        data[place + at : place + at + size] = value.to_bytes(size, "little")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"unpacked": 10}, Reason.TOO_LARGE),
        ({"unpacked": 10, "directory_unpacked": 10}, Reason.TOO_LARGE),
        ({"flags": 8, "unpacked": 0}, Reason.TOO_LARGE),
        ({"packed": 5}, Reason.CORRUPT),
        ({"packed": 5, "directory_packed": 5, "unpacked": 10}, Reason.TRUNCATED),
        ({"directory_packed": 2**31}, Reason.CORRUPT),
        ({"offset": 3}, Reason.CORRUPT),
        ({"offset": 2**31}, Reason.CORRUPT),
        ({"flags": 1, "directory_flags": 1}, Reason.UNSUPPORTED),
        ({"directory_flags": 1}, Reason.UNSUPPORTED),
        ({"method": 12, "directory_method": 12}, Reason.UNSUPPORTED),
    ],
)
def test_a_zip_that_lies_is_counted_not_believed(fields: dict[str, int], reason: Reason, tmp_path: Path) -> None:
    path = _patched(write_zip(tmp_path / "a.zip", {"a.jpg": bytes(50 * 2**20)}), **fields)
    tracemalloc.start()
    found = outcomes(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(found.values()) == {reason}
    assert peak < 5 * 2**20, "it was unpacked nevertheless"


def test_a_wrong_checksum_is_corrupt(tmp_path: Path) -> None:
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = _patched(write_zip(tmp_path / "a.zip", {"a.jpg": b"image" * 9}, compression), checksum=1)
        assert outcomes(path) == {"a.jpg": Reason.CORRUPT}


def test_overlapping_members_are_a_bomb(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.jpg": os.urandom(50_000)}, zipfile.ZIP_STORED)
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    entry = data[start : start + 46 + len("a.jpg")]
    entries = [entry[:-5] + b"%05d" % number for number in range(1000)]
    directory = b"".join(entries)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, len(directory), start, 0)
    path.write_bytes(data[:start] + directory + end)
    found = outcomes(path)
    assert found[""] is Reason.BOMB and len(found) == 3, "as many as fit into the length of the file"


def test_a_bomb_of_a_compressed_tar_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "FREE_BYTES", 2**20)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        add(archive, "a.jpg", b"a")
        add(archive, "zeros.jpg", bytes(8 * 2**20))
        add(archive, "b.jpg", b"b")
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(file.getvalue()))
    assert outcomes(path) == {"a.jpg": b"a", "zeros.jpg": Reason.TOO_LARGE, "": Reason.BOMB}
    monkeypatch.setattr(compressed, "FREE_BYTES", 2**30)
    monkeypatch.setattr(compressed, "MAX_UNPACKED", 2**22)
    assert outcomes(path)[""] is Reason.TOO_LARGE


def test_a_stream_may_not_ask_for_much_memory(tmp_path: Path) -> None:
    data = bytearray(lzma.compress(bytes(2**16)))
    # The block header: its length, flags, LZMA2 with one byte for the dictionary (40: 4 GiB), its checksum.
    length = (data[12] + 1) * 4
    data[data.index(b"\x21\x01", 12) + 2] = 40
    data[12 + length - 4 : 12 + length] = zlib.crc32(data[12 : 12 + length - 4]).to_bytes(4, "little")
    (tmp_path / "a.tar.xz").write_bytes(data)
    # A frame of Zstandard with a window of 2 GiB, and one empty block.
    (tmp_path / "a.tar.zst").write_bytes(b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00")
    for name in ("a.tar.xz", "a.tar.zst"):
        (record,) = references(tmp_path / name)
        assert isinstance(record, UnlistedFolder) and record.reason is Reason.BOMB, name


def test_memory_does_not_grow_with_the_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike_producer.archives.listing._IN_MEMORY", 2**16)

    def peak(count: int) -> int:
        path = write_tar(tmp_path / "a.tar", {f"cats/{number:08}.jpg": b"x" for number in range(count)})
        lister = ArchiveLister(USUAL)
        tracemalloc.start()
        assert sum(1 for _ in lister.references(str(path))) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few = peak(5_000)
    assert peak(12_000) < few + 7_000 * 64, "eight bytes a member, and what sorting a part of them takes"


def test_what_extended_headers_say_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, "sparse.jpg", b"x" * 9, pax_headers={"GNU.sparse.major": "1", "GNU.sparse.name": "real.jpg"})
        add(archive, "path.jpg", b"x", pax_headers={"path": "../../up.jpg\0.exe"})
        add(archive, "negative.jpg", b"x", pax_headers={"size": "-1"})
        add(archive, "odd.jpg", b"x", pax_headers={"size": "1x", "hdrcharset": "BINARY", "mtime": "nan"})
        add(archive, "large.jpg", b"x", pax_headers={"size": "9" * 19})
        add(archive, "unseen.jpg", b"x")
    assert outcomes(path) == {
        "sparse.jpg": Reason.UNSUPPORTED,
        "../../up.jpg": b"x",
        "negative.jpg": b"x",
        "odd.jpg": b"x",
        "large.jpg": Reason.TRUNCATED,
        "": Reason.TRUNCATED,
    }


def test_names_that_are_no_utf8_end_once(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        for name in ("\xff\xfe.jpg", "\xe9.jpg", "\x1b[31m.jpg", "a\r\nb.jpg"):
            add(archive, name, name.encode())
    found = outcomes(tmp_path / "a.tar")
    assert {name: data.decode() for name, data in found.items() if isinstance(data, bytes)} == {
        name: name for name in ("\xff\xfe.jpg", "\xe9.jpg", "\x1b[31m.jpg", "a\r\nb.jpg")
    }
    path = write_zip(tmp_path / "a.zip", {"ab.jpg": b"x", "cd.jpg": b"y"}, zipfile.ZIP_STORED)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"ab.jpg", b"a\x82.jpg").replace(b"cd.jpg", b"c\0.jpg"))
    assert outcomes(path) == {"a\xe9.jpg": b"x", "c.jpg@37": Reason.BAD_URI}


def test_names_that_differ_in_a_zip_are_corrupt(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.jpg": b"x", "b.jpg": b"y"})
    data = path.read_bytes()
    path.write_bytes(data[:30] + b"c.jpg" + data[35:])
    assert outcomes(path) == {"a.jpg": Reason.CORRUPT, "b.jpg": b"y"}


@pytest.mark.parametrize("number", [2**32, 2**63, 2**64 - 1])
@pytest.mark.parametrize("place", ["unpacked", "packed", "offset"])
def test_lies_of_64_bits_in_a_zip(number: int, place: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.jpg": b"x" * 99, "link.jpg": b"to"}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    values = {"unpacked": 99, "packed": 99, "offset": 0} | {place: number}
    extra = struct.pack("<2H3Q", 1, 24, *values.values())
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = b"\xff" * 8
    data[entry + 42 : entry + 46] = b"\xff" * 4
    data[entry + 30 : entry + 32] = len(extra).to_bytes(2, "little")
    data[entry + 51 : entry + 51] = extra
    # The other one is a link whose place is a lie as well.
    link = data.index(b"PK\x01\x02", entry + 4)
    data[link + 5], data[link + 38 : link + 42] = 3, (0o120777 << 16).to_bytes(4, "little")
    end = data.index(b"PK\x05\x06")
    data[end + 12 : end + 16] = (end - entry).to_bytes(4, "little")
    path.write_bytes(data)
    found = outcomes(path)
    expected = {"unpacked": b"x" * 99, "packed": Reason.CORRUPT, "offset": Reason.CORRUPT}
    assert found["a.jpg"] == expected[place], found

    async def looked_up() -> bytes:
        place = ArchivePlace(LocalPlace(Storage((tmp_path,), MAX_BYTES)), MAX_BYTES)
        try:
            return (await place.fetch(f"{path}#a.jpg")).data
        finally:
            await place.close()

    # A worker without a listing puts these numbers into its directory.
    if place == "unpacked":
        assert asyncio.run(looked_up()) == b"x" * 99
    else:
        with pytest.raises(ImageRejected):
            asyncio.run(looked_up())


@pytest.mark.parametrize(("name", "compress"), [("a.tar.gz", gzip.compress), ("a.tar.xz", lzma.compress)])
def test_streams_that_hold_nothing_are_counted(name: str, compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(compress(_plain(write_tar, "a.tar")) + compress(b"") * 300_000)
    start = time.process_time()
    found = outcomes(path)
    assert found == {"": Reason.BOMB}
    assert time.process_time() - start < 10
    # What compresses in parallel writes many small streams.
    blocks = [os.urandom(400) for _ in range(3000)]
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        add(archive, "large.jpg", b"".join(blocks)[:MAX_BYTES])
        add(archive, "b.jpg", b"".join(blocks))
    data = (tmp_path / "b.tar").read_bytes()
    path.write_bytes(b"".join(compress(data[at : at + 400]) for at in range(0, len(data), 400)))
    assert outcomes(path)["large.jpg"] == b"".join(blocks)[:MAX_BYTES]


def test_sidecars_of_a_zip_are_a_bomb_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike_producer.archives.listing.FREE_BYTES", 2**20)
    members: dict[str, bytes] = {}
    for number in range(30):
        members |= {f"{number}.jpg": b"x", f"{number}.txt": b" " * (2**18 - 1) + b"a"}
    found = references(write_zip(tmp_path / "a.zip", members))
    refused = [ref for ref in found if isinstance(ref, RefusedReference)]
    assert {ref.reason for ref in refused} == {Reason.BAD_METADATA} and 20 < len(refused) < 30
    assert len(found) == 30

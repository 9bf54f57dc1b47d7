"""Each number in a tar may lie, and nothing costs more than its bound."""

import io
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from lookalike.reading.archives import tar, zip
from lookalike.records import Reason
from lookalike_producer.archives.listing import ArchiveLister
from lookalike_producer.refused import RefusedReference
from lookalike_producer.walk.options import USUAL
from testing.archives import add, write_tar, write_zip
from tests.hostile.archives.outcomes import outcomes, references


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

"""A compressed tar that unpacks to too much, or to nothing."""

import gzip
import io
import lzma
import os
import tarfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from lookalike.reading.archives import compressed
from lookalike.records import Reason
from lookalike_producer.refused import UnlistedFolder
from testing.archives import add, write_tar
from tests.hostile.archives.outcomes import MAX_BYTES, outcomes, references, written


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


@pytest.mark.parametrize(
    ("name", "compress"),
    [("a.tar.gz", gzip.compress), ("a.tar.xz", lzma.compress), ("a.tar.zst", zstd.compress)],
)
def test_streams_that_hold_nothing_are_counted(name: str, compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(compress(written(write_tar, "a.tar")) + compress(b"") * 300_000)
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

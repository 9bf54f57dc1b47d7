"""Archives with bytes that are changed or missing."""

import gzip
import lzma
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.records import Reason
from lookalike_producer.refused import UnlistedFolder
from testing.archives import write_tar, write_zip
from tests.hostile.archives.outcomes import outcomes, references, written

VALID = {
    "pax.tar": written(write_tar, "a.tar"),
    "gnu.tar": written(write_tar, "a.tar", format=tarfile.GNU_FORMAT),
    "a.zip": written(write_zip, "a.zip"),
    "a.tar.gz": gzip.compress(written(write_tar, "a.tar")),
    "a.tar.xz": lzma.compress(written(write_tar, "a.tar")),
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

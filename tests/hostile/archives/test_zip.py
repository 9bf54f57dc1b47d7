"""Each number in a zip may lie, and nothing costs more than its bound."""

import asyncio
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from lookalike.errors import ImageRejected
from lookalike.reading.archives.place import ArchivePlace
from lookalike.reading.local import LocalPlace
from lookalike.records import Reason
from lookalike.storage import Storage
from lookalike_producer.refused import RefusedReference
from testing.archives import write_zip
from tests.hostile.archives.outcomes import MAX_BYTES, outcomes, references


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


def test_sidecars_of_a_zip_are_a_bomb_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike_producer.archives.zip_sidecars.FREE_BYTES", 2**20)
    members: dict[str, bytes] = {}
    for number in range(30):
        members |= {f"{number}.jpg": b"x", f"{number}.txt": b" " * (2**18 - 1) + b"a"}
    found = references(write_zip(tmp_path / "a.zip", members))
    refused = [ref for ref in found if isinstance(ref, RefusedReference)]
    assert {ref.reason for ref in refused} == {Reason.BAD_METADATA} and 20 < len(refused) < 30
    assert len(found) == 30

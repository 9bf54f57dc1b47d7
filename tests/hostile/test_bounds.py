"""What a file contains beside its pixels costs neither memory nor work without bounds."""

import io
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.decoding import bmp, jpeg, tiff, tiff_directories, tiff_rewriting
from lookalike.errors import ImageRejected
from lookalike.images import SIDE_DATA_BYTES, decode
from lookalike.records import Reason
from testing.images import encoded
from testing.processes import ROOT
from tests.hostile.attacks import ATTACKS, SIDE, runs
from tests.hostile.attacks import tiff as small_tiff

MAX_PIXELS = 64_000_000
#: Reads and decodes files; prints for each how far the most memory ever held has risen in all, in bytes, how many
#: functions Python called, and the outcome.
PROBE = """
import json, sys
from pathlib import Path
from lookalike.errors import ImageRejected
from lookalike.images import decode

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

calls = 0
def count(frame, event, argument):
    global calls
    calls += event in ("call", "c_call")

def outcome(data):
    try:
        return str(decode(data, max_pixels=64_000_000).width)
    except ImageRejected as rejected:
        return rejected.reason.value

for path in sorted(Path(sys.argv[1]).glob("ordinary/*")):
    outcome(path.read_bytes())
before = peak()
for path in sorted(Path(sys.argv[1]).glob("*.attack")):
    data, calls = path.read_bytes(), 0
    sys.setprofile(count)
    found = outcome(data)
    sys.setprofile(None)
    print(json.dumps([path.stem, peak() - before, len(data), calls, found]))
    del data
"""
#: Functions called for a file, far fewer than it has bytes: those of walking over as many parts as are allowed.
MOST_CALLS = 1_000_000


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int, int, str]]:
    """Attack -> peak memory so far, size of the file, calls, outcome."""
    folder = tmp_path_factory.mktemp("attacks")
    (folder / "ordinary").mkdir()
    for name in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "lzw-tiff", "avif", "heif", "jxl"):
        (folder / "ordinary" / name).write_bytes(encoded(name))
    for name, make in ATTACKS.items():
        (folder / f"{name}.attack").write_bytes(make())
    done = subprocess.run([sys.executable, "-c", PROBE, str(folder)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return {name: tuple(rest) for name, *rest in map(json.loads, done.stdout.splitlines())}


def test_memory_stays_under_the_documented_bound(costs: dict[str, tuple[int, int, int, str]]) -> None:
    assert set(costs) == set(ATTACKS)
    # The largest image has a million pixels; the bytes of the file and one copy of it are in memory too.
    over = {
        name: f"{peak / 2**20:.0f} MiB"
        for name, (peak, size, _, _) in costs.items()
        if peak > 13 * 1_000_000 + 2 * size + SIDE_DATA_BYTES
    }
    assert over == {}


def test_work_stays_under_its_bound(costs: dict[str, tuple[int, int, int, str]]) -> None:
    assert {name: calls for name, (_, _, calls, _) in costs.items() if calls > MOST_CALLS} == {}


def test_an_attack_is_shown_as_its_few_pixels_or_rejected(costs: dict[str, tuple[int, int, int, str]]) -> None:
    allowed = {str(SIDE), "1000", Reason.BOMB, Reason.CORRUPT, Reason.TRUNCATED, Reason.UNSUPPORTED}
    assert {name: found for name, (*_, found) in costs.items() if found not in allowed} == {}
    for name in ("png compressed texts", "jpeg fill bytes", "tiff strips", "tiff texts"):
        assert costs[name][3] == str(SIDE)


def reason_for(data: bytes) -> Reason | None:
    try:
        decode(data, max_pixels=MAX_PIXELS)
    except ImageRejected as rejected:
        return rejected.reason
    return None


def with_scans(count: int, *, hidden: bytes = b"") -> bytes:
    """A progressive JPEG of which the last scan is repeated. `hidden`: a segment before the repetitions."""
    data = encoded("progressive-jpeg")
    last = data.rindex(b"\xff\xda")
    scans = data.count(b"\xff\xda")
    return data[:last] + hidden + data[last:-2] * (count - scans + 1) + data[-2:]


def test_scans_are_counted_before_decoding() -> None:
    assert reason_for(with_scans(jpeg.MAX_SCANS)) is None
    assert reason_for(with_scans(jpeg.MAX_SCANS + 1)) is Reason.BOMB


def test_an_end_mark_in_a_segment_hides_no_scans() -> None:
    assert reason_for(with_scans(jpeg.MAX_SCANS + 1, hidden=b"\xff\xfe\0\6\xff\xd9ab")) is Reason.BOMB


def test_what_looks_like_scans_behind_the_image_or_in_a_segment_does_not_count() -> None:
    assert reason_for(encoded("progressive-jpeg") + b"\xff\xda\0\0" * 1000) is None
    comment = b"\xff\xfe" + struct.pack(">H", 2 + 4 * 1000) + b"\xff\xda\0\0" * 1000
    assert reason_for(with_scans(20, hidden=comment)) is None


def test_scans_of_a_sequential_image_are_counted_too() -> None:
    """One component a scan, each many times."""
    data = encoded("jpeg")
    scan = data.index(b"\xff\xda")
    one = b"\xff\xda\0\x08\1\1\0\0\x3f\0"
    assert reason_for(data[:scan] + one * 3000 + b"\xff\xd9") is Reason.BOMB


def row_strips(rows: int, gap: int) -> bytes:
    """A TIFF with a strip for each row of 8 pixels; `gap` bytes between them."""
    place = struct.pack("<I", 0x1000)
    data = small_tiff((257, 4, struct.pack("<I", rows)), (273, 4, place * rows), (278, 3, b"\1\0"))
    start = len(data)
    offsets = struct.pack(f"<{rows}I", *range(start, start + rows * (SIDE + gap), SIDE + gap))
    pixels = np.arange(rows, dtype=np.uint32) * 255 // rows
    body = b"".join(bytes([level]) * SIDE + bytes(gap) for level in pixels)
    return data.replace(place * rows, offsets) + body


def test_strips_that_follow_each_other_are_read_as_one() -> None:
    data = row_strips(60_000, gap=0)
    whole = tiff_directories.directories(tiff_directories.opened(tiff.reduced(data).data))[0]
    assert whole.entries[tiff_directories.STRIP_OFFSETS].count == 1
    shown = decode(data, max_pixels=MAX_PIXELS).pixels
    expected = np.asarray(Image.linear_gradient("L").resize((224, 224)))
    assert np.abs(shown[..., 0].astype(int) - expected).max() < 4


def test_strips_with_gaps_are_counted() -> None:
    assert reason_for(row_strips(2000, gap=2)) is None
    assert reason_for(row_strips(tiff_rewriting.MAX_STRIPS + 1, gap=2)) is Reason.BOMB


def test_a_library_writes_nothing_about_broken_rows(tmp_path: Path) -> None:
    """libtiff wrote a line for each row: 125 MB for these 172 bytes."""
    rows = struct.pack("<I", 2_000_000)
    fax = small_tiff((257, 4, rows), (258, 3, b"\1\0"), (259, 3, b"\2\0"), (278, 4, rows), behind=b"\x55\xff" * 20)
    (tmp_path / "fax.attack").write_bytes(fax)
    (tmp_path / "ordinary").mkdir()
    done = subprocess.run([sys.executable, "-c", PROBE, str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    assert json.loads(done.stdout)[-1] == str(SIDE)
    assert done.stderr == ""


def coded_lines(pixels: np.ndarray, pack: Callable[[np.ndarray], bytes]) -> bytes:
    return b"".join(pack(row) + b"\0\0" for row in pixels[::-1]) + b"\0\1"


def as_runs(row: np.ndarray) -> bytes:
    edges = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
    return b"".join(bytes([end - start, row[start]]) for start, end in pairwise(edges))


def as_literals(row: np.ndarray) -> bytes:
    """In pieces of odd length, which are padded."""
    pieces = [row[at : at + 7] for at in range(0, len(row), 7)]
    pieces[-2:] = [np.concatenate(pieces[-2:])]
    return b"".join(b"\0" + bytes([len(piece)]) + bytes(piece) + bytes(len(piece) % 2) for piece in pieces)


@pytest.mark.parametrize("pack", [as_runs, as_literals])
def test_run_length_coding_shows_the_same_as_plain_pixels(pack: Callable[[np.ndarray], bytes]) -> None:
    indices = np.random.default_rng(3).integers(0, 4, (40, 60)).repeat(3, axis=1).astype(np.uint8) * 60
    coded = runs(coded_lines(indices, pack), 180, 40)
    plain = Image.frombytes("P", (180, 40), indices.tobytes())
    plain.putpalette([value for level in range(256) for value in (level // 2, level, 255 - level)])
    expected = np.asarray(plain.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR))
    assert np.abs(decode(coded, max_pixels=MAX_PIXELS).pixels.astype(int) - expected).max() <= 1


def test_run_length_coding_of_four_bits() -> None:
    """A run of five pixels alternates between two values; a literal piece of five; a jump; the end."""
    coded = b"\5\x12" + b"\0\5\x34\x56\x70\0" + b"\0\0" + b"\0\2\3\0" + b"\2\x9a" + b"\0\1"
    pixels = bmp.unpacked(coded, 10, 3, is_four_bits=True)
    assert list(pixels) == [1, 2, 1, 2, 1, 3, 4, 5, 6, 7] + [0, 0, 0, 9, 10, 0, 0, 0, 0, 0] + [0] * 10


def test_runs_end_with_their_line_and_cut_files_are_truncated() -> None:
    assert list(bmp.unpacked(b"\xff\5\xff\6\0\0\2\7\0\1", 4, 2, is_four_bits=False)) == [5, 5, 5, 5, 7, 7, 0, 0]
    assert reason_for(runs(b"\4\5\0\0" * 10, 4, 20)) is Reason.TRUNCATED
    assert reason_for(runs(b"\0\2\0\0" * (bmp.MAX_ESCAPES + 1), 1000, 1000)) is Reason.BOMB


@pytest.mark.parametrize("is_sequence", [False, True])
def test_an_avif_may_not_claim_more_pixels_inside_than_outside(is_sequence: bool) -> None:
    """A decoder allocates what the stream says, whatever the box says."""
    image = Image.new("L", (2000, 1500), 90)
    file = io.BytesIO()
    image.save(file, "AVIF", speed=10, save_all=is_sequence, append_images=[image] if is_sequence else [])
    size = struct.pack(">II", 2000, 1500)
    assert size in file.getvalue()
    lying = file.getvalue().replace(size, struct.pack(">II", SIDE, SIDE))
    for data in (file.getvalue(), lying):
        with pytest.raises(ImageRejected, match="bomb"):
            decode(data, max_pixels=2000 * 1500 - 1)
    assert decode(file.getvalue(), max_pixels=2000 * 1500).width == 2000

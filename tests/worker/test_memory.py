"""The memory of a chunk of large images, measured in its own process: no more than its largest image needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testing.images import encoded
from testing.processes import ROOT

#: Ingests chunks in a process that is set up as a worker is, with a model and an index that need no memory; prints how
#: far the peak memory rose, how much is still held afterwards, in bytes, and how many images were indexed and rejected.
PROBE = """
import sys
import time
from functools import partial
from pathlib import Path
import numpy as np
from lookalike.images import decode
from lookalike.malloc import give_memory_back
from lookalike.records import Chunk, ImageRef
from lookalike.pipeline import ingest
from lookalike.reading.reader import Reader
from lookalike.settings import read_settings
from lookalike.stage_clock import StageClock

class ChunkIndex:
    def stored(self, ids): return {}
    def write(self, documents): return []

def held(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))

reader = Reader(read_settings(roots=(sys.argv[1],), max_image_bytes=2**30))

def run(*names):
    chunk = Chunk("job/0", "job", tuple(ImageRef(str(Path(sys.argv[1], name))) for name in names))
    return ingest(
        chunk, fetch=StageClock().arriving(reader.arrivals, read="read", wait="fetch"),
        decode=partial(decode, max_pixels=64_000_000),
        embed=lambda pixels: np.ones((len(pixels), 4), np.float32), index=ChunkIndex(), fingerprint="f",
    )

give_memory_back()
run("small")
before = held("VmHWM")
done = run(*sys.argv[2:])
after, deadline = held("VmRSS"), time.monotonic() + 5
# On a busy machine the kernel may count pages that were given back for a moment longer.
while after > before and time.monotonic() < deadline:
    time.sleep(0.05)
    after = held("VmRSS")
print(held("VmHWM") - before, after - before, done.indexed, len(done.rejected))
"""
WIDTH, HEIGHT = 4000, 3000
#: A pixel of a BMP takes 3 bytes in the file and 4 in Pillow.
FILE_BYTES = 3 * WIDTH * HEIGHT
DECODED_BYTES = 4 * WIDTH * HEIGHT
NAMES = ("a", "b", "c")
#: The resized images and the slack of the allocator; much less than one more file.
SLACK_BYTES = 12 * 2**20


def large(path: Path, number: int, width: int, height: int, file_bytes: int) -> None:
    """Write a sparse BMP, black except for its first pixel. It can be shorter or longer than its image."""
    header = bytearray(encoded("bmp")[:54])
    header[2:6] = (54 + 3 * width * height).to_bytes(4, "little")
    header[18:26] = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    header[34:38] = (3 * width * height).to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(bytes(header) + bytes([number]))
        file.truncate(file_bytes)


@pytest.mark.parametrize(
    "width, height, file_bytes, largest_bytes, counts",
    [
        pytest.param(WIDTH, HEIGHT, 54 + FILE_BYTES, FILE_BYTES + DECODED_BYTES, (3, 0), id="whole"),
        pytest.param(WIDTH, HEIGHT, FILE_BYTES - 100_000, FILE_BYTES + DECODED_BYTES, (0, 3), id="truncated"),
        # With small images, a second file in memory would be visible in the peak.
        pytest.param(80, 60, FILE_BYTES, FILE_BYTES, (3, 0), id="small in a large file"),
    ],
)
def test_a_chunk_takes_no_more_memory_than_its_largest_image(
    width: int, height: int, file_bytes: int, largest_bytes: int, counts: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "small").write_bytes(encoded("bmp"))
    for number, name in enumerate(NAMES):
        large(tmp_path / name, number, width, height, file_bytes)
    command = [sys.executable, "-c", PROBE, str(tmp_path), *NAMES]
    # With malloc for small objects as well, some mostly lie behind the blocks of an image.
    environment = {**os.environ, "PYTHONMALLOC": "malloc"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    peak, after, indexed, rejected = map(int, done.stdout.split())
    assert (indexed, rejected) == counts
    assert 0.9 * largest_bytes < peak < largest_bytes + SLACK_BYTES
    assert after < SLACK_BYTES

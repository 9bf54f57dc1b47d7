"""The memory that a worker child takes to decode a large image, measured in a new process."""

import io
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from imagecodecs import jpegxl_encode
from PIL import Image

from lookalike.images import SIDE_DATA_BYTES
from testing.images import encoded, scene
from testing.processes import ROOT

#: Reads a file and decodes it as a worker does; prints how far that raised the most memory ever held, in bytes.
PROBE = """
import sys
from itertools import product
from pathlib import Path
from lookalike.images import decode
from lookalike.storage import Storage

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

path = Path(sys.argv[1])
decode((path.parent / "small").read_bytes(), max_pixels=64_000_000)
before = peak()
image = decode(Storage((path.parent,), 2**30).read(str(path)), max_pixels=64_000_000)
assert image.width * image.height == int(sys.argv[2])
print(peak() - before)
"""
SIZES = {12: (4000, 3000), 50: (8660, 5774)}
#: A JPEG is decoded at 1/8 to 1/2 of its size; a progressive one keeps all its coefficients (16 bits each, 1.5 per
#: pixel with the usual subsampling). Pillow keeps RGB in 4 bytes; its WebP reader holds two canvases of 4 and a copy
#: of the frame, which are freed before the image is made.
BYTES_PER_PIXEL = {"jpeg": 2, "progressive-jpeg": 5, "png": 5, "webp": 13, "heif": 9, "jxl": 11}
#: Encoders that take their time change the file, but not what its pixels take when they are decoded.
FAST = {"png": {"compress_level": 1}, "webp": {"method": 0}, "jxl": {"effort": 3}}
#: Memory that does not grow with the image: codecs, the result, the allocator's slack.
FIXED_BYTES = 30 * 2**20
#: Pixels of an image of one row.
LONG = 8_000_000


def one_row(kind: str) -> bytes:
    """Eight million deep pixels beside each other; libjxl has to have some rows."""
    values = (np.arange(LONG, dtype=np.uint32) % 65_536).astype(np.uint16).reshape(16 if kind == "jxl" else 1, -1)
    if kind == "jxl":
        return bytes(jpegxl_encode(np.stack([values] * 4, axis=-1), lossless=True, effort=1))
    file = io.BytesIO()
    deep = Image.fromarray(values if kind == "16 bits" else values.astype(np.float32))
    deep.save(file, "TIFF", compression="tiff_adobe_deflate")
    return file.getvalue()


@pytest.mark.parametrize("kind", ["jxl", "16 bits", "floats"])
def test_a_row_of_deep_pixels_takes_no_more_than_any_image(kind: str, tmp_path: Path) -> None:
    """Pixels are converted in parts, however long a row is."""
    data = one_row(kind)
    (tmp_path / "large").write_bytes(data)
    (tmp_path / "small").write_bytes(encoded("jxl" if kind == "jxl" else "tiff"))
    command = [sys.executable, "-c", PROBE, str(tmp_path / "large"), str(LONG)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=120)
    # The file and one copy of it, 13 bytes a pixel, and what is allowed beside (SECURITY.md).
    bound = 13 * LONG + 2 * len(data) + SIDE_DATA_BYTES
    assert int(done.stdout) < bound, f"{int(done.stdout) / 2**20:.0f} MB, more than {bound / 2**20:.0f} MB"


# The encoder of HEIF takes too long for the larger one.
@pytest.mark.parametrize(
    "encoding, megapixels", [pair for pair in product(BYTES_PER_PIXEL, SIZES) if pair != ("heif", 50)]
)
def test_decoding_takes_no_more_than_its_bytes_per_pixel(encoding: str, megapixels: int, tmp_path: Path) -> None:
    width, height = SIZES[megapixels]
    data = encoded(encoding, scene().resize((width, height)), **FAST.get(encoding, {}))
    (tmp_path / "large").write_bytes(data)
    (tmp_path / "small").write_bytes(encoded(encoding))
    command = [sys.executable, "-c", PROBE, str(tmp_path / "large"), str(width * height)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=120)
    # The file itself is in memory too.
    bound = BYTES_PER_PIXEL[encoding] * width * height + len(data) + FIXED_BYTES
    assert int(done.stdout) < bound, f"{int(done.stdout) / 2**20:.0f} MB, more than {bound / 2**20:.0f} MB"

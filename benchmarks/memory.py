"""The memory of a worker's child process: chunks of larger and larger images, then many small images."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image
from rich.table import Table

from benchmarks.child import TIME_LIMIT_S, Child, running_worker
from benchmarks.photographs import QUALITY, SIZES, encoded, mosaic, photograph
from benchmarks.table import console
from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.queue import send_chunk
from lookalike.records import Chunk, ImageRef
from lookalike.settings import Settings
from testing.processes import await_true
from testing.services.redis import RedisServer
from testing.worker_harness import WorkerHarness

MEGAPIXELS = tuple(int(size) for size in os.environ.get("LOOKALIKE_MEGAPIXELS", "12,50,200").split(","))
SMALL_IMAGES = int(os.environ.get("LOOKALIKE_SMALL_PICTURES", "50000"))
#: Images per format and size: enough to see whether memory is released before the next image is read.
LARGE_IMAGES = 3
#: Different small files, each under many names: no two files of a chunk have the same bytes.
SMALL_FILES = 256
SMALL_SIDE = 200
#: Chunks between two samples of the memory.
CHUNKS_PER_SAMPLE = 10
#: The slope ignores this share of the samples, because the first images fill caches.
WARM_UP = 0.3
#: The most memory of an image while it is decoded (WebP, and grey with transparency): see `lookalike.images.decode`.
BYTES_PER_PIXEL = 13
#: The bytes of a file, and the copy that some readers of Pillow make.
FILES_HELD = 2
#: The decoded images of a chunk, and the same images stacked for the model.
BATCHES_HELD = 2
#: Memory that glibc keeps for the next image.
SLACK_MIB = 64
RAISED = {"LOOKALIKE_MAX_IMAGE_PIXELS": str(2**28), "LOOKALIKE_MAX_IMAGE_BYTES": str(2**30)}
FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    "baseline JPEG": ("JPEG", {"quality": QUALITY}),
    "progressive JPEG": ("JPEG", {"quality": QUALITY, "progressive": True}),
    "PNG": ("PNG", {"compress_level": 1}),
    "TIFF, deflated": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    # Lossy WebP of 200 megapixels at quality 80 overflows libwebp's first partition (512 KiB).
    "lossless WebP": ("WebP", {"lossless": True, "quality": 0, "method": 0}),
}


@dataclass(frozen=True)
class Held:
    """The resident memory of the child before, during and after one chunk, in MiB, and the chunk's counts."""

    before: float
    peak: float
    after: float
    indexed: int
    rejected: int


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, RedisServer() as server:
        home, root = Path(folder, "home"), Path(folder, "root")
        root.mkdir()
        small = _small_files(root / "small")
        with running_worker(server.url, home, root, "raised", RAISED) as bench:
            _report_large(bench, "Raised limits", small)
        with running_worker(server.url, home, root, "default", {}) as bench:
            _report_large(bench, "Default limits", small)
            _report_small(bench, small)


def _bound_mib(settings: Settings, base_mib: float) -> float:
    """The limit for a child that holds `base_mib` after its first chunk."""
    pixels = BYTES_PER_PIXEL * settings.max_image_pixels
    files = FILES_HELD * settings.max_image_bytes
    batch = BATCHES_HELD * settings.chunk_size * 3 * IMAGE_SIZE**2
    return base_mib + (pixels + files + batch) / 2**20 + SLACK_MIB


def _report_large(bench: WorkerHarness, title: str, small: Sequence[Path]) -> None:
    """Print one row per format and size. The first rows are small images: the memory that the child always needs."""
    shown = Table(title=f"A worker child, MiB. {title}", box=None, title_justify="left", title_style="bold")
    for column in ("", "a file's", "before", "peak", "above before", "after", "indexed", "rejected"):
        shown.add_column(column, justify="left" if not column else "right")
    first = _held(bench, _named(small, bench.root / f"first-{title}", 64))
    _add_row(shown, "64 small images, the child's first", small[0], first)
    _add_row(shown, "64 small images", small[0], _held(bench, _named(small, bench.root / f"second-{title}", 64)))
    tile = photograph(2000, 1500)
    for megapixels in MEGAPIXELS:
        image = mosaic(*SIZES[megapixels], tile)
        for name in FORMATS:
            paths = _large_files(bench.root / f"{megapixels}-{name}", name, image)
            row = f"{LARGE_IMAGES} x {megapixels} megapixels, {name}"
            _add_row(shown, row, paths[0], _held(bench, paths))
    console.print(shown)
    limits = f"{bench.settings.max_image_pixels:,} pixels, {bench.settings.max_image_bytes / 2**20:,.0f} MiB a file"
    console.print(f"expected maximum at {limits}: {_bound_mib(bench.settings, first.after):,.0f} MiB\n")


def _add_row(shown: Table, name: str, path: Path, held: Held) -> None:
    figures = (path.stat().st_size / 2**20, held.before, held.peak, held.peak - held.before, held.after)
    shown.add_row(name, *(f"{figure:,.1f}" for figure in figures), str(held.indexed), str(held.rejected))


def _held(bench: WorkerHarness, paths: Sequence[Path]) -> Held:
    """Run one chunk of these files and measure the memory of the child."""
    child = Child(bench.settings.home)
    child.forget_peak()
    before = child.resident_mib
    job_id = _send(bench, [paths])
    job = bench.ledger.job(job_id)
    assert job.indexed + job.rejected == len(paths), job.error
    return Held(before, child.peak_mib, child.resident_mib, job.indexed, job.rejected)


def _send(bench: WorkerHarness, chunks: Sequence[Sequence[Path]]) -> str:
    """Run a job of these chunks without finishing it: finishing would compact the index in between."""
    job_id = bench.open_job()
    for number, paths in enumerate(chunks):
        chunk = Chunk(f"{job_id}/{number:06d}", job_id, tuple(ImageRef(str(path)) for path in paths))
        bench.ledger.open_chunk(chunk)
        send_chunk(bench.app, chunk.id)
    await_true(lambda: not bench.ledger.outstanding(job_id), TIME_LIMIT_S)
    return job_id


def _report_small(bench: WorkerHarness, files: Sequence[Path]) -> None:
    """RSS over many small images, and its slope after the caches are filled."""
    size = bench.settings.chunk_size
    samples: list[tuple[int, float]] = []
    child = Child(bench.settings.home)
    names = _named(files, bench.root / "many", SMALL_IMAGES)
    for start in range(0, len(names), size * CHUNKS_PER_SAMPLE):
        part = names[start : start + size * CHUNKS_PER_SAMPLE]
        _send(bench, [part[at : at + size] for at in range(0, len(part), size)])
        samples.append((start + len(part), child.resident_mib))
    kept = samples[int(len(samples) * WARM_UP) :]
    done, resident = np.array(kept).T
    slope, _ = np.polyfit(done, resident, 1) if len(kept) > 1 else (float("nan"), 0.0)
    console.print(f"{samples[-1][0]:,} small images through one child, chunks of {size}: resident MiB")
    for number, mib in samples[:: max(1, len(samples) // 10)]:
        console.print(f"  after {number:>7,}: {mib:,.1f}")
    console.print(
        f"  the last {len(kept)} of {len(samples)} samples: median {median(resident):,.1f}, "
        f"{min(resident):,.1f} to {max(resident):,.1f}; slope {10_000 * slope:+.2f} MiB per 10,000 images\n"
    )


def _small_files(folder: Path) -> list[Path]:
    folder.mkdir()
    for seed in range(SMALL_FILES):
        image = photograph(SMALL_SIDE, SMALL_SIDE, seed)
        (folder / f"{seed:04d}.jpg").write_bytes(encoded(image, "JPEG", quality=QUALITY))
    return sorted(folder.iterdir())


def _named(files: Sequence[Path], folder: Path, count: int) -> list[Path]:
    """Hard links: `count` names for a few files. A document's id is made from its path, so each name is a new image."""
    folder.mkdir(exist_ok=True)
    names = [folder / f"{number:06d}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        os.link(files[number % len(files)], name)
    return names


def _large_files(folder: Path, name: str, image: Image.Image) -> list[Path]:
    """Files with the image in this format; one byte after the end makes each file different."""
    paths = [folder / f"{number}.img" for number in range(LARGE_IMAGES)]
    if folder.exists():
        return paths
    folder.mkdir()
    kind, options = FORMATS[name]
    data = encoded(image, kind, **options)
    for number, path in enumerate(paths):
        path.write_bytes(data + bytes([number]))
    return paths

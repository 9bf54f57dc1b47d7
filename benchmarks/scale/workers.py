"""Images per second by number of workers, with a model that takes a fixed time and no CPU, like a model on a GPU."""

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.scale.waiting_workers import CHUNK_SIZE, IMAGE_S, WaitingWorkers
from benchmarks.table import ratios
from lookalike.records import ImageRef
from testing.services.opensearch import OpenSearchServer
from testing.services.redis import RedisServer

#: Chunks per worker in the job that warms up the workers.
WARM_CHUNKS = 4
#: A job with fewer chunks per worker has no steady part.
LEAST_CHUNKS = 8
#: Width and height of an image. Each image has its own colour, because equal files are embedded once.
SIDE = 16


@dataclass(frozen=True)
class Rate:
    """Images per second of some workers, and the busy cores of the whole machine."""

    images_s: float
    busy_cores: float


#: By number of workers.
Runs = dict[int, list[Rate]]


def measured(counts: Sequence[int], rounds: int, job_s: float) -> Runs:
    """Measure each number of workers, round by round. Raises ServiceMissing, StartFailed."""
    chunks = max(LEAST_CHUNKS, round(job_s / (CHUNK_SIZE * IMAGE_S)))
    with OpenSearchServer() as server, RedisServer() as broker, tempfile.TemporaryDirectory() as temporary:
        images = drawn_images(Path(temporary, "pictures"), max(counts) * (WARM_CHUNKS + chunks) * CHUNK_SIZE)
        runs: Runs = {count: [] for count in counts}
        for number in range(rounds):
            for count, rates in runs.items():
                with WaitingWorkers(broker.url, server.url, Path(temporary, f"{number}-{count}"), count) as pool:
                    rates.append(rate(pool, images, count * WARM_CHUNKS * CHUNK_SIZE, count * chunks * CHUNK_SIZE))
    return runs


def efficiencies(runs: Mapping[int, Sequence[Rate]]) -> dict[int, list[float]]:
    """Efficiency: rate(N) / (N rate(1)), paired round by round."""
    rates = {count: [one.images_s for one in found] for count, found in runs.items()}
    return {count: [ratio / count for ratio in ratios(found, rates[1])] for count, found in rates.items()}


def rate(pool: WaitingWorkers, images: Sequence[ImageRef], warm: int, timed: int) -> Rate:
    """The rate of a job of `timed` images, after a job of `warm` other images."""
    pool.ingest(images[:warm])
    busy_before, began = _busy_s(), time.perf_counter()
    images_s = pool.ingest(images[warm : warm + timed])
    return Rate(images_s, (_busy_s() - busy_before) / (time.perf_counter() - began))


def drawn_images(folder: Path, count: int) -> list[ImageRef]:
    """`count` tiny images, all different."""
    folder.mkdir(parents=True)
    references = []
    for number in range(count):
        path = folder / f"{number:06d}.png"
        Image.new("RGB", (SIDE, SIDE), (number >> 16, number >> 8 & 255, number & 255)).save(path)
        references.append(ImageRef(uri=str(path)))
    return references


def _busy_s() -> float:
    """Busy seconds of all cores since the machine started (proc(5), /proc/stat)."""
    with open("/proc/stat") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:9]]
    idle, waiting_for_disk = 3, 4
    return (sum(ticks) - ticks[idle] - ticks[waiting_for_disk]) / os.sysconf("SC_CLK_TCK")

"""A GPU: the forward pass, the road to the model process, and both with decoding, of larger JPEGs on the GPU as well.

Says so where there is no GPU. In under five minutes. The index and the queue take no part: LOOKALIKE_PICTURES is a
folder of small JPEGs; without it, images are drawn. ResNet50 has random weights.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.decode import small_jpegs
from benchmarks.photographs import QUALITY, encoded, photograph
from lookalike import factories
from lookalike.embedding.children import json_process
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.extras import is_installed
from lookalike.machine import usable_cores, visible_gpus
from lookalike.pipeline.parts import Parts
from lookalike.settings import Settings, read_settings
from lookalike_worker.model_processes import ModelProcesses

SECONDS = float(os.environ.get("LOOKALIKE_SECONDS", "5"))
CHUNK = 64
FORWARD = "benchmarks.gpu_forward"
MAKE_RESNET50 = "benchmarks.gpu_resnet50"
LITE0 = "efficientnet-lite0"
#: Width and height of larger JPEGs, and how many different ones there are.
LARGER = {(500, 375): 24, (4000, 3000): 2}
#: Works at an address from a time on, for some seconds; returns images a second.
Work = Callable[[Path, Settings, float, float], float]
#: Time in which processes start and draw their images.
PREPARE_S = 10.0


def main() -> None:
    gpus = visible_gpus()
    if not gpus or not is_installed("jax"):
        print("gpu: nothing is measured, because there is no GPU here." if not gpus else "gpu: JAX is not installed.")
        return
    measure(gpus, SECONDS)


def measure(gpus: Sequence[str], seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, resnet50 = Path(folder), Path(folder) / "resnet50.keras"
        json_process.run(MAKE_RESNET50, str(resnet50))
        for model in (LITE0, str(resnet50)):
            for turn in ("first", "second"):
                _print_forward(model, home, seconds, turn)
        settings = read_settings(home=home, model=str(resnet50), preprocessing="caffe", runtime="jax")
        larger = _written_jpegs(home)
        for line in chain(
            _with_model_process(settings, gpus, seconds), _with_larger_jpegs(settings, gpus, seconds, larger)
        ):
            print(line, flush=True)


def _print_forward(model: str, home: Path, seconds: float, turn: str) -> None:
    found = json_process.run(FORWARD, model, str(home), str(seconds))
    rates = ", ".join(f"{images}: {rate:,.0f}" for images, rate in found["rates"].items())
    name = f"{found['model']} {found['precision']}"
    print(f"forward, {name}, {turn} start in {found['load_s']:.1f} s; images a second by images in a call: {rates}")
    if "cosines" in found:
        print(
            f"cosine of {name} to f32: median {found['cosines']['median']:.6f}, least {found['cosines']['least']:.6f}"
        )


def _with_model_process(settings: Settings, gpus: Sequence[str], seconds: float) -> Iterator[str]:
    processes = ModelProcesses(settings, gpus)
    processes.start()
    try:
        RemoteEmbedder(processes.addresses[0], factories.model_spec(settings))
        for name, work in (("transport", _ready), ("decode and embed", _decoding)):
            for number in sorted({max(1, usable_cores() // 2), usable_cores()}):
                yield f"{name}, {number} processes: {_rate(work, processes.addresses, settings, number, seconds):,.0f}"
    finally:
        processes.stop()


def _with_larger_jpegs(
    settings: Settings, gpus: Sequence[str], seconds: float, folders: Mapping[str, Path]
) -> Iterator[str]:
    """Decoded on the CPU and, if its decoder can be used, on the GPU."""
    for is_gpus in (False, True):
        chosen = settings.model_copy(update={"gpu_decoding": is_gpus})
        processes = ModelProcesses(chosen, gpus)
        processes.start()
        try:
            embed = RemoteEmbedder(processes.addresses[0], factories.model_spec(chosen))
            if is_gpus and embed.left_from is None:
                yield "decode on the GPU: not measured, because nvImageCodec cannot be used"
                return
            for size, folder in folders.items():
                work, number = partial(_decoding, folder=folder), usable_cores()
                rate = _rate(work, processes.addresses, chosen, number, seconds)
                place = "GPU" if is_gpus else "CPU"
                yield f"decode on the {place} and embed, {size}, {number} processes: {rate:,.0f}"
        finally:
            processes.stop()


def _written_jpegs(home: Path) -> dict[str, Path]:
    """By size, a folder with some photograph-like images."""
    folders = {}
    for (width, height), count in LARGER.items():
        folder = folders[f"{width}x{height}"] = home / f"{width}x{height}"
        folder.mkdir()
        for seed in range(count):
            (folder / f"{seed}.jpg").write_bytes(encoded(photograph(width, height, seed), "JPEG", quality=QUALITY))
    return folders


def _rate(work: Work, addresses: Sequence[Path], settings: Settings, number: int, seconds: float) -> float:
    """Images a second that `number` processes have embedded together."""
    with ProcessPoolExecutor(number, mp_context=get_context("spawn")) as pool:
        start = time.time() + PREPARE_S
        asked = [pool.submit(work, addresses[n % len(addresses)], settings, start, seconds) for n in range(number)]
        return sum(one.result() for one in asked)


def _ready(address: Path, settings: Settings, start: float, seconds: float) -> float:
    """Images a second of one process that sends one chunk again and again: the ceiling of the road."""
    embed = RemoteEmbedder(address, factories.model_spec(settings))
    pixels = np.zeros((CHUNK, embed.size, embed.size, 3), np.uint8)
    waits = [embed.ask_pixels(list(pixels))]
    images, started = 0, _awaited(start)
    while time.time() < start + seconds:
        waits.append(embed.ask_pixels(list(pixels)))
        images += len(waits.pop(0)())
    return images / (time.time() - started)


def _awaited(start: float) -> float:
    """The time at `start`, or now if it is later, because all processes begin together."""
    time.sleep(max(0.0, start - time.time()))
    return time.time()


def _decoding(address: Path, settings: Settings, start: float, seconds: float, folder: Path | None = None) -> float:
    """Images a second of one process that decodes JPEGs, small ones or those of a folder, and embeds them, chunk by
    chunk, as a worker does."""
    embed = RemoteEmbedder(address, factories.model_spec(settings))
    files = [path.read_bytes() for path in folder.iterdir()] if folder else small_jpegs()
    decode = factories.decoder(settings, embed)
    images, started = 0, _awaited(start)
    while time.time() < start + seconds:
        parts = Parts(embed)
        for number in range(CHUNK):
            data = files[(images + number) % len(files)]
            image = decode(data)
            parts.add(str(number), image.left or image.pixels)
        images += len(parts.vectors())
    return images / (time.time() - started)

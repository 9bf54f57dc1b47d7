"""Float32 against `:int8` on this CPU: milliseconds of one core per image, and how close the vectors are.

Both sides have their turn in each round of one process, with one thread. ONEDNN_MAX_CPU_ISA=AVX2 measures an older CPU.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from benchmarks.material import SHARED, WEIGHTS
from benchmarks.table import console, print_rates
from lookalike.embedding import ModelSpec, build_artifact, load, resolve
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.images import decode
from lookalike.records import Pixels
from lookalike.samples import samples

ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "5"))
#: Images per side and round.
IMAGES = 32
#: Images per call of the graph.
BATCHES = (1, 4)
#: Images of each labelled folder whose vectors are compared.
COMPARED = 100
FOLDERS = ("celebrities", "objects")
MAX_PIXELS = 10**8
CPUINFO = Path("/proc/cpuinfo")
#: The instruction sets of /proc/cpuinfo that change the speed of either side.
INSTRUCTIONS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


class Pair(NamedTuple):
    """A model in float32, and the same with `:int8`."""

    exact: ModelSpec
    quick: ModelSpec


@dataclass(frozen=True)
class Closeness:
    """Cosines of 8-bit vectors with those of float32."""

    images: int
    median: float
    least: float


def main() -> None:
    console.print(f"This CPU has {instructions()}. One core per side, no other program should run.\n")
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(os.environ.get("LOOKALIKE_HOME", temporary))
        for pair in pairs():
            print_rates(f"{pair.exact.name}, one thread", "CPU ms per image", _speeds(pair, home), _side(pair.exact, 1))
            for folder, found in closeness(pair, home):
                console.print(f"  {folder}: cosine of {found.images} images: {found.median:.4f} ({found.least:.4f})")
            console.print()


def pairs() -> list[Pair]:
    """EfficientNet-Lite0, and ResNet50 if its weights are here."""
    made = [Pair(resolve("efficientnet-lite0"), resolve("efficientnet-lite0:int8"))]
    if WEIGHTS.is_file():
        names = ("resnet50", "resnet50:int8")
        made.append(Pair(*(resolve(name, weights=WEIGHTS, preprocessing="caffe") for name in names)))
    return made


def instructions() -> str:
    found = set(CPUINFO.read_text().split())
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA")
    return ", ".join(name for name in INSTRUCTIONS if name in found) + (f", limited to {limit}" if limit else "")


def _speeds(pair: Pair, home: Path) -> dict[str, list[float]]:
    core = openvino.Core()
    sides = {_side(spec, batch): _compiled(core, spec, home, batch) for spec in pair for batch in BATCHES}
    pixels = _drawn(pair.exact.size)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(ROUNDS + 1):
        for name, graph in sides.items():
            took = _milliseconds(graph, pixels)
            # The first round warms up.
            times[name] += [took] if number else []
    return times


def _side(spec: ModelSpec, batch: int) -> str:
    return f"{'int8' if spec.int8 else 'float32'}, batches of {batch}"


def _compiled(core: Any, spec: ModelSpec, home: Path, batch: int) -> Any:
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    model = core.read_model(build_artifact(spec, home).graph)
    model.reshape([batch, spec.size, spec.size, 3])
    return core.compile_model(model, "CPU", settings).create_infer_request()


def _drawn(size: int) -> Pixels:
    return np.stack([np.asarray(one.drawn().resize((size, size))) for one in samples(IMAGES // 16, seed=7)])


def _milliseconds(graph: Any, pixels: Pixels) -> float:
    batch = graph.get_input_tensor().shape[0]
    began = process_time()
    for start in range(0, len(pixels), batch):
        graph.infer([np.ascontiguousarray(pixels[start : start + batch])], share_inputs=True)
    return 1000 * (process_time() - began) / len(pixels)


def closeness(pair: Pair, home: Path) -> Iterator[tuple[str, Closeness]]:
    """For each labelled folder that is here."""
    embedders = [load(spec, home=home, precision="f32") for spec in pair]
    for name in FOLDERS:
        paths = sorted((SHARED / "data" / name).rglob("*.jp*g"))
        if paths:
            exact, quick = (embed(_read(_spread(paths), pair.exact.size)) for embed in embedders)
            lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(quick, axis=1)
            cosines = (exact * quick).sum(axis=1) / lengths
            yield name, Closeness(len(cosines), float(np.median(cosines)), float(cosines.min()))


def _spread(paths: Sequence[Path]) -> Sequence[Path]:
    """COMPARED paths, evenly from all classes."""
    return paths[:: max(1, len(paths) // COMPARED)][:COMPARED]


def _read(paths: Sequence[Path], size: int) -> Pixels:
    return np.stack([decode(path.read_bytes(), max_pixels=MAX_PIXELS, size=size).pixels for path in paths])

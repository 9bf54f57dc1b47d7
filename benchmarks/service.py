"""The query service under load: one client, sixteen clients, the same with a model in 8 bits, and in the article's way.

With LOOKALIKE_BEFORE, the folder of another checkout that has its `.venv`, the service of that checkout is a side too.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.material import WEIGHTS
from benchmarks.ours import LOOKALIKE, environment, ingest
from benchmarks.program import Program
from benchmarks.service_report import ARTICLE, EARLIER, EIGHT_BITS, OURS, RESNET, Runs, report
from benchmarks.table import console
from benchmarks.vectors import await_merged, fill
from lookalike import embedding
from lookalike.index import open_index
from lookalike.samples import draw_samples
from testing.services.opensearch import OpenSearchServer
from testing.services.ports import free_port

#: A folder of JPEGs to send; without it the demo's images are drawn.
IMAGES = os.environ.get("LOOKALIKE_PICTURES")
BEFORE = os.environ.get("LOOKALIKE_BEFORE")
VECTORS = int(os.environ.get("LOOKALIKE_VECTORS", "100000"))
ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "5"))
#: Length of one run of the load generator.
SECONDS = float(os.environ.get("LOOKALIKE_SECONDS", "6"))
STARTS = 5
CLIENTS = 16
STORED_IMAGES = 32
HEAP_MIB = 2048
MODEL = "efficientnet-lite0"
#: Model -> the index with its vectors.
INDEXES = {MODEL: "service", f"{MODEL}:int8": "service-int8"}


def main() -> None:
    with (
        OpenSearchServer(HEAP_MIB) as server,
        tempfile.TemporaryDirectory() as folder,
        environment(Path(folder, "home"), server.url),
    ):
        images = _images(Path(folder))
        _fill(server.url, images, Path(folder))
        starts = [_start_seconds() for _ in range(STARTS)]
        with _running(server.url) as programs:
            one, many = _rounds(programs, images)
            resident_mib = programs[OURS].resident_mib
    report(one, many, CLIENTS, f"{VECTORS:,} vectors")
    console.print(f"start to ready: median {median(starts):.2f} s, {min(starts):.2f} to {max(starts):.2f} s")
    console.print(f"resident after the load: {resident_mib:.0f} MiB\n")


def _images(folder: Path) -> Path:
    if IMAGES:
        return Path(IMAGES)
    draw_samples(folder / "drawn", per_class=10)
    return folder / "drawn"


def _fill(index_url: str, images: Path, folder: Path) -> None:
    """Ingest a few images as a user does, which also builds the models, and add many synthetic vectors."""
    stored = folder / "stored"
    stored.mkdir()
    for number, path in enumerate(sorted(images.rglob("*.jpg"))[:STORED_IMAGES]):
        shutil.copy(path, stored / f"{number:03d}.jpg")
    for model, name in INDEXES.items():
        ingest(stored, name, "--model", model)
        with closing(open_index(index_url, name)) as index:
            fill(index, embedding.identify(embedding.resolve(model), folder / "home"), VECTORS)
    await_merged(index_url)


def _ours(lookalike: Sequence[str] = LOOKALIKE, model: str = MODEL) -> Program:
    port = free_port()
    chosen = ["--index", INDEXES[model], "--model", model]
    return Program([*lookalike, "serve", *chosen, "--port", str(port)], port, "/health/ready")


def _article(index_url: str, *model: str) -> Program:
    port = free_port()
    return Program(
        [sys.executable, "-m", "benchmarks.predict", str(port), index_url, INDEXES[MODEL], *model], port, "/"
    )


def _start_seconds() -> float:
    with _ours() as program:
        return program.start_seconds


@contextmanager
def _running(index_url: str) -> Iterator[dict[str, Program]]:
    """Start every side."""
    with ExitStack() as ending:
        programs = {OURS: _ours(), EIGHT_BITS: _ours(model=f"{MODEL}:int8"), ARTICLE: _article(index_url, MODEL)}
        if BEFORE:
            # -P: not the packages of the folder that this runs in.
            programs[EARLIER] = _ours([f"{BEFORE}/.venv/bin/python", "-P", "-m", "lookalike_cli"])
        if WEIGHTS.is_file():
            programs[RESNET] = _article(index_url, "resnet50", str(WEIGHTS))
        for program in programs.values():
            ending.enter_context(program)
        yield programs


def _rounds(programs: Mapping[str, Program], images: Path) -> tuple[Runs, Runs]:
    """Run the load generator against each side, with one client and with many."""
    one: Runs = {name: [] for name in programs}
    many: Runs = {name: [] for name in programs}
    for program in programs.values():
        _load(program, images, CLIENTS)
    for _ in range(ROUNDS):
        for name, program in programs.items():
            one[name].append(_load(program, images, 1))
            many[name].append(_load(program, images, CLIENTS))
    return one, many


def _load(program: Program, images: Path, clients: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.load", program.url, str(images), str(clients), str(SECONDS)]
    cpu_seconds = program.cpu_seconds
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    summary: dict[str, Any] = json.loads(done.stdout)
    summary["server_cpu_ms"] = 1000 * (program.cpu_seconds - cpu_seconds) / summary["searches"]
    return summary

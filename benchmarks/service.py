"""The query service under load: one client, sixteen clients, and the same search in the article's way.

With LOOKALIKE_BEFORE, the folder of another checkout that has its `.venv`, the service of that checkout is a side too.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.material import WEIGHTS
from benchmarks.ours import LOOKALIKE, environment, ingest
from benchmarks.program import Program
from benchmarks.table import console, print_rates
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
SECONDS = float(os.environ.get("LOOKALIKE_SECONDS", "10"))
STARTS = 5
CLIENTS = 16
STORED_IMAGES = 32
HEAP_MIB = 2048
INDEX = "service"
MODEL = "efficientnet-lite0"
OURS = "lookalike"
EARLIER = "lookalike, the other checkout"
ARTICLE = "the article's way"
RESNET = f"{ARTICLE}, ResNet50"


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
    _report(one, many)
    console.print(f"start to ready: median {median(starts):.2f} s, {min(starts):.2f} to {max(starts):.2f} s")
    console.print(f"resident after the load: {resident_mib:.0f} MiB\n")


def _images(folder: Path) -> Path:
    if IMAGES:
        return Path(IMAGES)
    draw_samples(folder / "drawn", per_class=10)
    return folder / "drawn"


def _fill(index_url: str, images: Path, folder: Path) -> None:
    """Ingest a few images as a user does, which also builds the model, and add many synthetic vectors."""
    stored = folder / "stored"
    stored.mkdir()
    for number, path in enumerate(sorted(images.rglob("*.jpg"))[:STORED_IMAGES]):
        shutil.copy(path, stored / f"{number:03d}.jpg")
    ingest(stored, INDEX)
    index = open_index(index_url, INDEX)
    fill(index, embedding.identify(embedding.resolve(MODEL), folder / "home"), VECTORS)
    index.close()
    await_merged(index_url)


def _ours(lookalike: Sequence[str] = LOOKALIKE) -> Program:
    port = free_port()
    return Program([*lookalike, "serve", "--index", INDEX, "--port", str(port)], port, "/health/ready")


def _article(index_url: str, *model: str) -> Program:
    port = free_port()
    return Program([sys.executable, "-m", "benchmarks.predict", str(port), index_url, INDEX, *model], port, "/")


def _start_seconds() -> float:
    with _ours() as program:
        return program.start_seconds


@contextmanager
def _running(index_url: str) -> Iterator[dict[str, Program]]:
    """Start every side."""
    with ExitStack() as ending:
        programs = {OURS: _ours(), ARTICLE: _article(index_url, MODEL)}
        if BEFORE:
            # -P: not the packages of the folder that this runs in.
            programs[EARLIER] = _ours([f"{BEFORE}/.venv/bin/python", "-P", "-m", "lookalike_cli"])
        if WEIGHTS.is_file():
            programs[RESNET] = _article(index_url, "resnet50", str(WEIGHTS))
        for program in programs.values():
            ending.enter_context(program)
        yield programs


Runs = dict[str, list[dict[str, Any]]]


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


def _report(one: Runs, many: Runs) -> None:
    for clients, runs in ((1, one), (CLIENTS, many)):
        title = f"{VECTORS:,} vectors, {clients} client{'s' * (clients > 1)}"
        rates = {name: [run["rate"] for run in sides] for name, sides in runs.items()}
        print_rates(title, "searches/s", rates, baseline=ARTICLE)
        if BEFORE:
            sides_of_ours = {name: rates[name] for name in (OURS, EARLIER)}
            print_rates(title, "searches/s", sides_of_ours, baseline=EARLIER)
            cpu = {name: [run["server_cpu_ms"] for run in runs[name]] for name in sides_of_ours}
            print_rates(f"{title}, CPU of the service", "ms a search", cpu, baseline=EARLIER)
        latencies = {f"{name} {p}": [run[f"{p}_ms"] for run in runs[name]] for name in runs for p in ("p50", "p99")}
        print_rates(title, "ms", latencies)
    for name, sides in many.items():
        errors, searches = (sum(run[key] for run in (*one[name], *sides)) for key in ("errors", "searches"))
        first = next((run["first_error"] for run in (*one[name], *sides) if run["errors"]), "")
        console.print(f"{name}: {errors} errors in {searches:,} searches {first}".rstrip())
    share = median(run["cpu_share"] for run in many[OURS])
    server_ms = median(run["server_cpu_ms"] for run in many[OURS])
    console.print(
        f"load generator: {share:.0%} of a core with {CLIENTS} clients; {OURS}: {server_ms:.1f} ms CPU a search"
    )

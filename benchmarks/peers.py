"""Compares the article's way, Ray Data and Daft with Keras, and lookalike: same images, same OpenSearch.

`make peers` builds the environment of Ray and Daft. After each run the documents in OpenSearch are counted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.material import (
    IMAGES,
    INT8,
    LITE0,
    LITE0_INT8,
    MODELS,
    RESNET50,
    RESNET50_INT8,
    WEIGHTS,
    listed,
    missing,
    sample,
)
from benchmarks.ours import environment, ingest, running_stack
from benchmarks.side import BATCH
from benchmarks.table import console, print_rates
from testing.services import ServiceMissing
from testing.services.opensearch import OpenSearchServer, left_as_found, request

ROOT = Path(__file__).parent.parent
#: Ray and Daft have a separate environment, because Daft needs an older pyarrow than lookalike.
ENVIRONMENT = Path(os.environ.get("LOOKALIKE_PEERS", Path(sys.prefix) / "peers"))
ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "5"))
HEAP_MIB = 1024
#: 10 to 25 s per peer on two cores. Every batch is full, because TensorFlow compiles each new shape.
PEER_IMAGES = 8 * BATCH
#: About 10 s of ResNet50; all images for Lite0, which is the fastest.
OUR_IMAGES = {RESNET50: 600, RESNET50_INT8: 1200, LITE0: sys.maxsize, LITE0_INT8: sys.maxsize}
#: Options of `lookalike ingest`.
OURS = {**MODELS, **INT8}
#: Images before the measurement of lookalike: each worker process handles a chunk first, as each peer handles a batch.
WARM_IMAGES = 128
ARTICLE = "the article's way"
RAY = "Ray Data with Keras"
DAFT = "Daft with Keras"
#: Turns off the telemetry of Ray and Daft.
NO_TELEMETRY = {"RAY_USAGE_STATS_ENABLED": "0", "DAFT_ANALYTICS_ENABLED": "0", "DO_NOT_TRACK": "1"}


class Peer(NamedTuple):
    """A program of this folder that ingests a list of images, and the Python with its packages."""

    module: str
    python: Path


PEERS = {
    ARTICLE: Peer("article", Path(sys.executable)),
    RAY: Peer("ray_peer", ENVIRONMENT / "bin" / "python"),
    DAFT: Peer("daft_peer", ENVIRONMENT / "bin" / "python"),
}
Rates = dict[str, list[float]]


class Place(NamedTuple):
    """The index and the folder of a round. `number` makes the names of its indexes unique."""

    index_url: str
    folder: Path
    number: int


def main() -> None:
    _check_prerequisites()
    try:
        steady, whole = _measured()
    except (ServiceMissing, TimeoutError, subprocess.CalledProcessError) as error:
        sys.exit(f"Cannot measure the peers: {error}")
    for baseline in (ARTICLE, RAY):
        print_rates("Steady work, after the start and the first images", "images/s", steady, baseline)
    for baseline in (ARTICLE, RAY):
        print_rates(f"The whole command, {PEER_IMAGES} images, start and end included", "images/s", whole, baseline)


def _check_prerequisites() -> None:
    """Exit with a message if something is missing."""
    if problem := missing():
        sys.exit(problem)
    found = len(sample(PEER_IMAGES))
    if found < PEER_IMAGES:
        sys.exit(
            f"The peers need {PEER_IMAGES} images; {IMAGES} has {found}. Set LOOKALIKE_PICTURES to a larger folder."
        )
    question = "from importlib.metadata import version as v; print('Ray', v('ray'), 'and Daft', v('daft'))"
    try:
        done = subprocess.run([PEERS[RAY].python, "-c", question], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        sys.exit(f"Ray and Daft are not installed in {ENVIRONMENT}: run make peers.")
    console.print(f"{done.stdout.strip()}, {ROUNDS} rounds of about three minutes\n")


def _measured() -> tuple[Rates, Rates]:
    """Steady and overall rates of every side, interleaved round by round."""
    steady: Rates = {name: [] for name in (*PEERS, *OURS)}
    whole: Rates = {name: [] for name in (*PEERS, *OURS)}
    with (
        OpenSearchServer(HEAP_MIB) as server,
        tempfile.TemporaryDirectory() as folder,
        environment(Path(folder, "home"), server.url),
    ):
        for number in range(ROUNDS):
            place = Place(server.url, Path(folder), number)
            with left_as_found(server):
                for name in PEERS:
                    _run_peer(name, place, steady, whole)
                _run_ours(place, steady, whole)
    return steady, whole


def _run_peer(name: str, place: Place, steady: Rates, whole: Rates) -> None:
    """Run the program once. It prints the rate of its steady work; its total time is measured here."""
    module, python = PEERS[name]
    listing, index = listed(place.folder, PEER_IMAGES), _index("peer", module, place)
    command = [str(python), "-m", f"benchmarks.{module}", str(WEIGHTS), place.index_url, index, str(listing)]
    quiet = {**os.environ, **NO_TELEMETRY, "RAY_TMPDIR": str(place.folder)}
    began = time.perf_counter()
    # Not a pipe: Ray's own processes keep it open, and may run longer than the program.
    with (place.folder / f"{module}.stderr").open("w+") as stderr:
        done = subprocess.run(command, cwd=ROOT, env=quiet, stdout=subprocess.PIPE, stderr=stderr, text=True)
        wall_seconds = time.perf_counter() - began
        if done.returncode:
            stderr.seek(0)
            sys.exit(f"{name} ended with code {done.returncode}: {(stderr.read().splitlines() or ['no message'])[-1]}")
    _check_count(name, place.index_url, index, PEER_IMAGES)
    summary = json.loads(done.stdout.splitlines()[-1])
    steady[name].append(summary["images"] / summary["seconds"])
    whole[name].append(PEER_IMAGES / wall_seconds)


def _run_ours(place: Place, steady: Rates, whole: Rates) -> None:
    """Measure with a warm, running stack, then as a command that starts and stops its own stack."""
    with running_stack():
        for name, options in OURS.items():
            ingest(listed(place.folder, WARM_IMAGES), _index("warm", name, place), *options)
            steady[name].append(_our_rate(name, "steady", OUR_IMAGES[name], place, "work_seconds"))
    for name in OURS:
        whole[name].append(_our_rate(name, "whole", PEER_IMAGES, place, "wall_seconds"))


def _our_rate(name: str, what: str, count: int, place: Place, seconds: str) -> float:
    images = len(sample(count))
    index = _index(what, name, place)
    summary = ingest(listed(place.folder, count), index, *OURS[name])
    _check_count(name, place.index_url, index, images)
    return float(images / summary[seconds])


def _index(what: str, name: str, place: Place) -> str:
    return f"{what}-{name.replace(' ', '-')}-{place.number}"


def _check_count(name: str, index_url: str, index: str, images: int) -> None:
    """Exit with a message unless the index has this many documents."""
    request(index_url, "POST", f"/{index}/_refresh")
    count = request(index_url, "GET", f"/{index}/_count")["count"]
    if count != images:
        sys.exit(f"{name} ingested {images} images, but OpenSearch has {count} documents. Its rate would be wrong.")

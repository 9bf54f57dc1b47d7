"""`lookalike verify` against OpenSearch: its rate, and its peak memory with ten times as many images."""

import hashlib
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ours import LOOKALIKE, environment
from benchmarks.table import console
from lookalike import embedding
from lookalike.index import Index, open_index
from lookalike.records import Document, ModelIdentity
from lookalike_producer.sources import find_images
from testing.services.opensearch import OpenSearchServer

FILES = tuple(int(count) for count in os.environ.get("LOOKALIKE_VERIFY_FILES", "10000,100000").split(","))
#: Files per folder.
FOLDER_SIZE = 1000
WRITE_SIZE = 500
HEAP_MIB = 2048


def main() -> None:
    with (
        OpenSearchServer(HEAP_MIB) as server,
        tempfile.TemporaryDirectory() as folder,
        environment(Path(folder, "home"), server.url),
    ):
        index = open_index(server.url, "images")
        model = embedding.identify(embedding.resolve("efficientnet-lite0"), Path(folder, "home"))
        index.ensure(model)
        runs = {count: _run(Path(folder, str(count)), count, index, model) for count in FILES}
        index.close()
    for count, run in runs.items():
        rate = count / run["seconds"]
        console.print(
            f"verify, {count:>9,} files: {run['seconds']:.1f} s, {rate:,.0f} files/s, peak {run['peak_mib']:.1f} MiB"
        )
    peaks = [run["peak_mib"] for run in runs.values()]
    console.print(f"difference: {peaks[-1] - peaks[0]:.1f} MiB\n")


def _run(folder: Path, count: int, index: Index, model: ModelIdentity) -> dict[str, Any]:
    """Verify `count` files that are in the index and unchanged: each one is looked up, read and hashed."""
    for number in range(count):
        path = folder / f"{number // FOLDER_SIZE:04d}" / f"{number:07d}.jpg"
        if number % FOLDER_SIZE == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(b"tiny image %d" % number)
    _fill(folder, index, model)
    began = time.perf_counter()
    process = subprocess.Popen([*LOOKALIKE, "verify", str(folder), "--json"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as output:
        answer = json.loads(output.read())
    # The peak memory of this process; `subprocess` does not return it.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert (process.returncode, answer["present"]) == (0, count)
    return {"seconds": time.perf_counter() - began, "peak_mib": usage.ru_maxrss / 1024}


def _fill(folder: Path, index: Index, model: ModelIdentity) -> None:
    """Write documents with vectors of the default model's dimension, because the server reads whole documents."""
    random = np.random.default_rng(0)
    waiting: list[Document] = []
    for ref in find_images([str(folder)]):
        path = Path(ref.uri)
        vector = random.normal(size=model.dimension).astype(np.float32)
        waiting.append(
            Document(
                id=ref.id,
                uri=ref.uri,
                name=ref.label,
                image_embedding=vector / np.linalg.norm(vector),
                content_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                width=1,
                height=1,
                model=model.fingerprint,
                ingested_at="2026-01-01T00:00:00+00:00",
                chunk="benchmark/0",
            )
        )
        if len(waiting) == WRITE_SIZE:
            assert index.write(waiting) == []
            waiting.clear()
    assert index.write(waiting) == []
    index.end_load()

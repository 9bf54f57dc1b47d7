"""A bucket of a million keys: the memory of listing it, and the time until the first image is in the index.

A server of our own answers from a formula (`testing.services.key_server`), because moto takes minutes for so many keys.
Nobody can tell its pages from those of S3, but it answers in 10 ms; S3 takes some 100 ms for a page.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.ours import LOOKALIKE, environment, ingest
from benchmarks.table import console
from lookalike import factories
from lookalike.samples import keep, samples
from lookalike.settings import read_settings
from lookalike_producer.sources import find_images
from testing.services.s3 import variables

KEYS = int(os.environ.get("LOOKALIKE_KEYS", "1000000"))
#: The bounds of the two figures.
MEMORY_MIB, FIRST_S = 50, 10
#: Keys after which the memory counts: connections are open, and the allocator has what it needs.
WARM_KEYS = 20_000
BUCKET = "s3://big/images"
INDEX = "listing"
PATIENCE_S = 120


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as temporary,
        environment(Path(temporary, "home"), f"lancedb://{temporary}/index"),
    ):
        folder = Path(temporary, "images")
        for sample in samples(per_class=1, seed=7):
            keep(sample, folder / sample.path)
        image = next(folder.rglob("*.jpg"))
        # The model is built once.
        ingest(image, INDEX)
        with _bucket(image):
            subprocess.run([sys.executable, "-m", "benchmarks.listing"], check=True)
            seconds, memory = _until_first()
    console.print(
        f"First image of {KEYS:,} in the index after {seconds:.1f} s (at most {FIRST_S}) "
        f"from the start of the command, whose memory was at most {memory:.0f} MiB then"
    )


@contextmanager
def _bucket(image: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "testing.services.key_server", "--count", str(KEYS), "--image", str(image)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        given = variables(f"http://127.0.0.1:{int(server.stdout.readline())}")
        os.environ.update(given, LOOKALIKE_ROOTS='["/", "s3://"]')
        try:
            yield
        finally:
            for name in (*given, "LOOKALIKE_ROOTS"):
                os.environ.pop(name)
            server.kill()


def _until_first() -> tuple[float, float]:
    """Seconds from the start of a command until its first image is in the index, and the command's memory in MiB."""
    index = factories.open_index(read_settings(), INDEX)
    before = index.count()
    began = time.perf_counter()
    with subprocess.Popen([*LOOKALIKE, "ingest", BUCKET, "--index", INDEX], stdout=subprocess.DEVNULL) as command:
        while index.count() == before:
            if command.poll() is not None or time.perf_counter() - began > PATIENCE_S:
                raise RuntimeError("no image came into the index")
            time.sleep(0.05)
        seconds, memory = time.perf_counter() - began, _peak_mib(command.pid)
        command.terminate()
    return seconds, memory


def _list_all() -> None:
    """List all keys in this process, and print how its memory grew."""
    began, warm, number = time.perf_counter(), 0.0, 0
    for number, _ in enumerate(find_images([BUCKET]), 1):
        if number == WARM_KEYS:
            warm = _peak_mib(os.getpid())
    seconds, grown = time.perf_counter() - began, _peak_mib(os.getpid()) - warm
    console.print(
        f"{number:,} keys in {seconds:.1f} s ({number / seconds:,.0f}/s); {warm:.0f} MiB after {WARM_KEYS:,} keys, "
        f"and at most {grown:.1f} MiB more for the rest (at most {MEMORY_MIB})"
    )


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    _list_all()

"""The same images from local disk and from web servers that answer each GET late, some of them badly or never.

Every side is one ingest with EfficientNet-Lite0 into LanceDB on a running stack; a rate is images done a second of the
job, the wait for hosts included. The servers run on the same cores, in processes of their own. The images are those of
the sample, again and again in files of their own: the time that a silent host takes once is a small share of the job.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.material import copies, missing
from benchmarks.ours import environment, ingest, running_stack
from benchmarks.table import console, print_rates

ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "3"))
COUNT = int(os.environ.get("LOOKALIKE_COUNT", "4800"))
DELAY_S = 0.05
HOSTS = 10
#: How long the images of the host that never answers are tried again; the job lasts at least as long.
HOST_WAIT_S = 5
LOCAL, LATE, FAULTY = "local disk", "web, 50 ms", "web, 50 ms, 1 % 503, 1 % resets, 1 of 10 hosts silent"


def main() -> None:
    if problem := missing():
        console.print(f"Cannot measure the ingest of remote images. {problem}")
        return
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        images = copies(folder / "images", COUNT)
        late = exits.enter_context(serving(folder / "images", "--delay-s", str(DELAY_S)))
        faults = ("--delay-s", str(DELAY_S), "--share-503", "0.01", "--share-reset", "0.01")
        hosts = [
            exits.enter_context(serving(folder / "images", *faults, "--host", f"127.0.0.{number}"))
            for number in range(2, HOSTS + 1)
        ]
        silent = exits.enter_context(serving(folder / "images", "--hangs", "--host", f"127.0.0.{HOSTS + 1}"))
        exits.enter_context(environment(folder, f"lancedb://{folder / 'index'}"))
        os.environ["LOOKALIKE_HOST_WAIT_S"] = str(HOST_WAIT_S)
        os.environ["LOOKALIKE_ROOTS"] = json.dumps(["/", *(f"{host}/" for host in (late, *hosts, silent))])
        exits.enter_context(running_stack())
        sources = {
            LOCAL: _listing(folder, "local", images),
            LATE: _listing(folder, "late", _urls(folder / "images", images, [late])),
            FAULTY: _listing(folder, "faulty", _urls(folder / "images", images, [*hosts, silent])),
        }
        ingest(_listing(folder, "warm", images[:200]), "warm")
        sides: dict[str, list[float]] = {name: [] for name in sources}
        for number in range(ROUNDS):
            for name, source in sources.items():
                sides[name].append(_rate(source, f"run-{number}-{len(name)}", _lost(images) if name == FAULTY else 0))
    print_rates(f"{len(images):,} images, efficientnet-lite0", "images/s", sides, baseline=LOCAL)


def _rate(source: Path, index: str, lost: int) -> float:
    """Images a second. Every image must be indexed, but for those of the silent host."""
    summary = ingest(source, index)
    counts = summary["found"], summary["indexed"], summary["rejected"]
    assert counts == (COUNT, COUNT - lost, lost), f"{counts} instead of {COUNT - lost} indexed and {lost} rejected"
    return float(summary["found"] / summary["work_seconds"])


def _lost(images: Sequence[str]) -> int:
    return sum(number % HOSTS == HOSTS - 1 for number in range(len(images)))


def _urls(folder: Path, images: Sequence[str], hosts: Sequence[str]) -> list[str]:
    paths = (Path(path).relative_to(folder).as_posix() for path in images)
    return [f"{hosts[number % len(hosts)]}/{path}" for number, path in enumerate(paths)]


def _listing(folder: Path, name: str, lines: Sequence[str]) -> Path:
    listing = folder / f"{name}.txt"
    listing.write_text("\n".join(lines))
    return listing


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[str]:
    """A server of the images in a process of its own; yields its address."""
    command = [sys.executable, "-m", "testing.services.web", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()

"""A table of URLs: img2dataset and then an ingest of what it wrote, against an ingest of the table itself.

Both sides end with the same images in an index of LanceDB, with EfficientNet-Lite0 on a running stack; a rate is images
indexed a second of all commands of a side, from start to end. img2dataset writes shards of a WebDataset, encodes no
image anew, and has as many processes as there are cores, the fastest way that it has. Of the addresses, 1 % lead to
nothing. img2dataset has an environment of its own, because it needs older packages than ours.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.material import copies, missing
from benchmarks.ours import environment, ingest, running_stack
from benchmarks.remote import DELAY_S, serving
from benchmarks.table import console, print_rates

ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "3"))
COUNT = int(os.environ.get("LOOKALIKE_COUNT", "1600"))
#: Every so many addresses lead to nothing.
GONE_EACH = 100
HOME = Path(os.environ.get("LOOKALIKE_IMG2DATASET", Path(__file__).parent.parent / ".venv" / "img2dataset"))
VERSION = "1.47.0"
INSTALL = f"{sys.executable} -m venv {HOME} && {HOME}/bin/pip install img2dataset=={VERSION}"
#: Threads of each of its processes, as many as one of ours has requests at once; images of a shard.
THREADS, SHARD = 32, 200
THEIRS, OURS = "img2dataset, then ingest of its output", "ingest of the table"
BAR = 1.3


def main() -> None:
    if problem := missing() or _not_installed():
        console.print(f"Cannot measure img2dataset. {problem}")
        return
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        images = copies(folder / "images", COUNT)
        host = exits.enter_context(serving(folder / "images", "--delay-s", str(DELAY_S)))
        exits.enter_context(environment(folder, f"lancedb://{folder / 'index'}"))
        os.environ["LOOKALIKE_ROOTS"] = json.dumps(["/", f"{host}/"])
        exits.enter_context(running_stack())
        names = [Path(image).relative_to(folder / "images").as_posix() for image in images]
        table = _table(folder / "table.csv", host, names)
        ingest(_table(folder / "warm.csv", host, names[:200]), "warm")
        sides: dict[str, list[float]] = {THEIRS: [], OURS: []}
        for number in range(ROUNDS):
            sides[THEIRS].append(_theirs(table, folder / f"out-{number}", f"theirs-{number}"))
            sides[OURS].append(_ours(table, f"ours-{number}"))
    print_rates(f"{COUNT:,} URLs, {DELAY_S * 1000:.0f} ms, efficientnet-lite0", "images/s", sides, baseline=THEIRS)
    console.print(f"The bar for {OURS!r} is {BAR}; each of its {_gone(COUNT)} failures has a record with a reason.")


def _not_installed() -> str:
    return "" if (HOME / "bin" / "img2dataset").is_file() else f"Install it: {INSTALL}"


def _table(path: Path, host: str, names: Sequence[str]) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["url", "caption"])
        for number, name in enumerate(names):
            path_there = f"gone-{number}.jpg" if _is_gone(number) else name
            rows.writerow([f"{host}/{path_there}", f"Portrait number {number}."])
    return path


def _is_gone(number: int) -> bool:
    return number % GONE_EACH == GONE_EACH - 1


def _gone(count: int) -> int:
    return count // GONE_EACH


def _ours(table: Path, index: str) -> float:
    """Images a second."""
    summary = ingest(table, index, "--metadata", "caption")
    counts = summary["found"], summary["indexed"], summary["rejected"]
    expected = COUNT, COUNT - _gone(COUNT), _gone(COUNT)
    assert counts == expected, f"found, indexed and rejected are {counts} and not {expected}"
    return float(summary["indexed"] / summary["wall_seconds"])


def _theirs(table: Path, output: Path, index: str) -> float:
    """Images a second."""
    began = time.perf_counter()
    _download(table, output)
    downloaded_s = time.perf_counter() - began
    summary = ingest(output, index)
    assert summary["indexed"] == COUNT - _gone(COUNT), f"{summary['indexed']} of {COUNT} images were indexed"
    return float(summary["indexed"] / (downloaded_s + summary["wall_seconds"]))


def _download(table: Path, output: Path) -> None:
    options = {
        "url_list": table,
        "input_format": "csv",
        "url_col": "url",
        "caption_col": "caption",
        "output_folder": output,
        "output_format": "webdataset",
        "processes_count": os.cpu_count(),
        "thread_count": THREADS,
        "number_sample_per_shard": SHARD,
        "disable_all_reencoding": True,
    }
    command = [str(HOME / "bin" / "img2dataset"), *(f"--{name}={value}" for name, value in options.items())]
    # It asks PyPI for a newer version of one of its packages otherwise.
    variables = {**os.environ, "NO_ALBUMENTATIONS_UPDATE": "1"}
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"img2dataset ended with {done.returncode}: {done.stdout[-2000:]}")

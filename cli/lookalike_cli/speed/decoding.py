"""Measures with how many processes the images of a sample are decoded and embedded fastest, by model processes."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from lookalike import factories
from lookalike.decoders import Rates, candidates, keep
from lookalike.embedding import ModelSpec
from lookalike.embedding.children import json_process
from lookalike.embedding.children.json_process import ChildFailed
from lookalike.errors import ImageRejected
from lookalike.machine import usable_cores
from lookalike.records import ImageRef
from lookalike.settings import Settings
from lookalike.shown import clause

MODULE = "lookalike_cli.speed.decoding_process"
#: Time of one measurement, and how often each number is measured, in turn; the fastest counts.
SECONDS, ROUNDS = 3.0, 2
#: Different images that each process has in memory.
MOST_FILES = 64
#: A process loads its libraries, and then ends, within this time more.
START_S, END_S = 120.0, 120.0


def decoder_rates(
    settings: Settings,
    spec: ModelSpec,
    addresses: Sequence[Path],
    gpus: Sequence[str],
    references: Sequence[ImageRef],
    on_note: Callable[[str], None],
) -> Rates:
    """Images a second by number of processes, without queue and index, kept for the workers of this machine. Empty if
    the model runs in each process, if there is nothing to choose, or, with a note, if it cannot be measured.
    `addresses`: of the model processes, on these GPUs."""
    if not addresses or settings.concurrency or usable_cores() == 1:
        return {}
    rates = _measured(settings, spec, addresses, references, on_note)
    if rates and not keep(settings, gpus, rates):
        on_note(f"Workers do not take the number: {settings.home} cannot be written, or nvidia-smi names no GPU.")
    return rates


def _measured(
    settings: Settings,
    spec: ModelSpec,
    addresses: Sequence[Path],
    references: Sequence[ImageRef],
    on_note: Callable[[str], None],
) -> Rates:
    numbers = candidates(usable_cores())
    on_note(f"Measuring with {', '.join(map(str, numbers))} processes that decode ...")
    rates = dict.fromkeys(numbers, 0.0)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-", dir=settings.home) as folder:
            _copy(settings, references[:MOST_FILES], Path(folder))
            start = partial(_started, folder=folder, spec=spec.to_json(), chunk_size=settings.chunk_size)
            for number in ROUNDS * numbers:
                chosen = [addresses[place % len(addresses)] for place in range(number)]
                rates[number] = max(rates[number], _rate(chosen, start))
    except (ChildFailed, OSError) as error:
        on_note(f"The number of processes that decode is not measured: {clause(error)}.")
        return {}
    return rates


def _copy(settings: Settings, references: Sequence[ImageRef], folder: Path) -> None:
    """Write the images to the folder, but those that are there no more."""
    reader = factories.reader(settings)
    for number, reference in enumerate(references):
        with suppress(ImageRejected):
            (folder / str(number)).write_bytes(reader.read(reference.uri))


def _started(address: Path, *, folder: str, spec: str, chunk_size: int) -> "subprocess.Popen[str]":
    arguments = [str(address), folder, spec, str(chunk_size), str(SECONDS)]
    process, answer = json_process.start(MODULE, *arguments, timeout_s=START_S)
    if "failed" in answer:
        json_process.kill(process)
        raise ChildFailed(answer["failed"], None)
    return process


def _rate(addresses: Sequence[Path], start: Callable[[Path], "subprocess.Popen[str]"]) -> float:
    """Of processes that begin together when all are ready."""
    ready: list[subprocess.Popen[str]] = []
    try:
        with ThreadPoolExecutor(len(addresses)) as threads:
            ready.extend(threads.map(start, addresses))
            return sum(threads.map(_told, ready))
    finally:
        for process in ready:
            json_process.kill(process)


def _told(process: "subprocess.Popen[str]") -> float:
    """Let it begin; its images a second."""
    try:
        output, _ = process.communicate("begin\n", timeout=SECONDS + END_S)
        *_, last = output.splitlines() or [""]
        answer = json.loads(last)
    except (subprocess.TimeoutExpired, ValueError, OSError) as error:
        raise ChildFailed("a process that decodes has ended, or does not answer", process.returncode) from error
    if "failed" in answer:
        raise ChildFailed(answer["failed"], process.returncode)
    return float(answer["rate"])

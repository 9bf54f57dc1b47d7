"""Start times: of a worker's child process until its first embedding, of a search until its results, and of a small
ingest until its end."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.material import MODELS
from benchmarks.ours import LOOKALIKE, environment, ingest
from benchmarks.table import print_rates
from lookalike.samples import keep, samples

ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "5"))
#: Drawn images per class.
PER_CLASS = 40
PER_CLASS_SMALL = 6


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        home, images = Path(temporary, "home"), _drawn(Path(temporary, "pictures"))
        with environment(home, f"lancedb://{home}/index"):
            for name, options in MODELS.items():
                ingest(images, _index(name), *options)
            children: dict[str, list[float]] = {name: [] for name in MODELS}
            searches: dict[str, list[float]] = {name: [] for name in MODELS}
            ingests: dict[str, list[float]] = {name: [] for name in MODELS}
            image = next(images.rglob("*.jpg"))
            small = _drawn(Path(temporary, "small"), PER_CLASS_SMALL)
            for number in range(ROUNDS):
                for name, options in MODELS.items():
                    children[name].append(_child_ms(options))
                    searches[name].append(_search_ms(image, _index(name), options))
                    ingests[name].append(_ingest_ms(small, f"{_index(name)}-{number}", options))
    print_rates("From a worker child's fork to its first embedding, model cached (target 2,000)", "ms", children)
    print_rates("`lookalike search` without a running stack, embedded index (target 1,500)", "ms", searches)
    print_rates(
        "`lookalike ingest` of 96 images without a running stack, new embedded index (target 3,000)", "ms", ingests
    )


def _drawn(folder: Path, per_class: int = PER_CLASS) -> Path:
    for sample in samples(per_class=per_class, seed=7):
        keep(sample, folder / sample.path)
    return folder


def _index(name: str) -> str:
    return name.replace(" ", "-")


def _child_ms(options: tuple[str, ...]) -> float:
    """Measure in a process that imports the same modules as a worker's parent process, and forks like it."""
    command = [sys.executable, "-m", "benchmarks.start", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def _search_ms(image: Path, index: str, options: tuple[str, ...]) -> float:
    began = time.perf_counter()
    command = [*LOOKALIKE, "search", str(image), "--index", index, *options]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return 1000 * (time.perf_counter() - began)


def _ingest_ms(folder: Path, index: str, options: tuple[str, ...]) -> float:
    began = time.perf_counter()
    command = [*LOOKALIKE, "ingest", str(folder), "--index", index, *options]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return 1000 * (time.perf_counter() - began)


def fork_and_embed(model: str | None = None, weights: str | None = None) -> None:
    """Fork, load the model in the child, embed one image there, and print the milliseconds since the fork."""

    # The parent process of a worker has imported these modules when it forks.
    import numpy as np

    from lookalike import factories
    from lookalike.settings import read_settings

    settings = read_settings(model=model, weights=weights)
    began = time.perf_counter()
    if child := os.fork():
        os.waitpid(child, 0)
        return
    spec = factories.model_spec(settings)
    factories.embedder(settings, spec)(np.zeros((1, spec.size, spec.size, 3), np.uint8))
    print(1000 * (time.perf_counter() - began), flush=True)
    os._exit(0)


if __name__ == "__main__":
    fork_and_embed(*sys.argv[2::2])

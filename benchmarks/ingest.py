"""Ingest into OpenSearch: the article's way against ours, and a second ingest against the first."""

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.ours import environment, ingest, running_stack
from benchmarks.table import console, print_rates
from tests.services.opensearch import OpenSearchServer

#: The pictures and the ResNet50 weights that lie beside the checkout.
SHARED = Path(os.environ.get("LOOKALIKE_SHARED", Path(__file__).parent.parent.parent / "shared"))
PICTURES = SHARED / "data" / "celebrities"
WEIGHTS = SHARED / "weights" / "resnet50-v1.5-imagenet.keras"
ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "3"))
#: ResNet50 and the article's way are slow and their rates even: a part of the pictures is enough for them.
ARTICLE_IMAGES = 150
RESNET_IMAGES = 400
ARTICLE = "the article's way"
MODELS = {
    "lookalike resnet50": ("--model", "resnet50", "--weights", str(WEIGHTS)),
    "lookalike efficientnet-lite0": (),
}


def main() -> None:
    if not PICTURES.is_dir() or not WEIGHTS.is_file():
        console.print(f"Ingest is not measured: {PICTURES} or {WEIGHTS} is missing.")
        return
    with OpenSearchServer() as server, tempfile.TemporaryDirectory() as folder, environment(Path(folder), server.url):
        sources = _sources(Path(folder))
        started = _started(server.url, Path(folder), sources)
        whole = _whole(sources)
    print_rates("Into OpenSearch, everything started", "images/s", started, baseline=ARTICLE)
    for name, sides in whole.items():
        print_rates(f"{name}, the whole command", "images/s", sides, baseline="first ingest")


def _sources(folder: Path) -> dict[str, Path]:
    """What each model ingests: all pictures, or for the slow one a random list of them."""
    listing = folder / "resnet.txt"
    listing.write_text("\n".join(_some(RESNET_IMAGES)))
    return dict(zip(MODELS, (listing, PICTURES), strict=True))


def _some(count: int) -> list[str]:
    return random.Random(0).sample(sorted(str(path) for path in PICTURES.rglob("*.jpg")), count)


def _started(index_url: str, folder: Path, sources: dict[str, Path]) -> dict[str, list[float]]:
    """Both ways after their start: the article's after its first picture, ours with the stack up and one chunk done."""
    rates: dict[str, list[float]] = {ARTICLE: [], **{name: [] for name in MODELS}}
    few = sorted(PICTURES.iterdir())[0]
    for number in range(ROUNDS):
        summary = _article(index_url, folder)
        rates[ARTICLE].append(summary["images"] / summary["seconds"])
        with running_stack():
            for name, options in MODELS.items():
                ingest(few, f"warm-{number}-{len(options)}", *options)
                summary = ingest(sources[name], f"started-{number}-{len(options)}", *options)
                rates[name].append(summary["indexed"] / summary["work_seconds"])
    return rates


def _whole(sources: dict[str, Path]) -> dict[str, dict[str, list[float]]]:
    """The command as it is run once in a while, with the start and end of the embedded stack; then again."""
    sides: dict[str, dict[str, list[float]]] = {name: {"first ingest": [], "second, unchanged": []} for name in MODELS}
    for number in range(ROUNDS):
        for name, options in MODELS.items():
            for which, rates in sides[name].items():
                summary = ingest(sources[name], f"whole-{number}-{len(options)}", *options)
                assert summary["found"] == summary["indexed" if which.startswith("first") else "unchanged"]
                rates.append(summary["found"] / summary["wall_seconds"])
    return sides


def _article(index_url: str, folder: Path) -> dict[str, Any]:
    listing = folder / "article.txt"
    listing.write_text("\n".join(_some(ARTICLE_IMAGES + 1)))
    command = [sys.executable, "-m", "benchmarks.article", str(WEIGHTS), index_url, str(listing)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary

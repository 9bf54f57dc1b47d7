"""A second ingest into OpenSearch compared with the first. `python -m benchmarks peers` compares with other tools."""

import os
import tempfile
from pathlib import Path

from benchmarks.material import IMAGES, LITE0, MODELS, RESNET50, listed, missing
from benchmarks.ours import environment, ingest
from benchmarks.table import console, print_rates
from testing.services.opensearch import OpenSearchServer

ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "3"))
#: ResNet50 is slow and its rate is steady, so a part of the images is enough.
RESNET_IMAGES = 400
FIRST = "first ingest"


def main() -> None:
    if problem := missing():
        console.print(f"Cannot measure the ingest. {problem}")
        return
    with OpenSearchServer() as server, tempfile.TemporaryDirectory() as folder, environment(Path(folder), server.url):
        whole = _whole({RESNET50: listed(Path(folder), RESNET_IMAGES), LITE0: IMAGES})
    for name, sides in whole.items():
        print_rates(f"{name}, the whole command", "images/s", sides, baseline=FIRST)


def _whole(sources: dict[str, Path]) -> dict[str, dict[str, list[float]]]:
    """The command with the start and end of the embedded stack, and then the same command again."""
    sides: dict[str, dict[str, list[float]]] = {name: {FIRST: [], "second, unchanged": []} for name in MODELS}
    for number in range(ROUNDS):
        for name, options in MODELS.items():
            for which, rates in sides[name].items():
                summary = ingest(sources[name], f"whole-{number}-{len(options)}", *options)
                assert summary["found"] == summary["indexed" if which == FIRST else "unchanged"]
                rates.append(summary["found"] / summary["wall_seconds"])
    return sides

"""Program that finds out what models run on here, and prints it as one JSON line.

With the name of a runtime it also asks whether that one can use the GPUs, which takes seconds; with a graph and a
precision, which way to run it was chosen.
"""

import json
import sys
from pathlib import Path

from lookalike.embedding.runtimes.graphs import BATCH_SIZE, chosen_way, default_precision, has_bf16
from lookalike.embedding.runtimes.runtime import unusable_gpu


def main(runtime: str = "", graph: str = "", precision: str = "auto") -> dict[str, object]:
    chosen = chosen_way(Path(graph), precision) if graph else None
    answer: dict[str, object] = {
        "precision": chosen.precision if chosen else default_precision(),
        "has_bf16": has_bf16(),
        "batch_size": chosen.images if chosen else BATCH_SIZE,
        "is_measured": chosen is not None,
        "unusable_gpu": None,
    }
    if runtime:
        answer["unusable_gpu"] = unusable_gpu(runtime)
    return answer


if __name__ == "__main__":
    print("\n" + json.dumps(main(*sys.argv[1:])), flush=True)

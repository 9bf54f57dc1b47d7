"""Program that finds out what models run on here, and prints it as one JSON line.

With the name of a runtime it also asks whether that one can use the GPUs, which takes seconds.
"""

import json
import sys

from lookalike.embedding.runtimes.openvino import BATCH_SIZE, default_precision, has_bf16
from lookalike.embedding.runtimes.runtime import unusable_gpu


def main(runtime: str | None = None) -> dict[str, object]:
    answer: dict[str, object] = {
        "precision": default_precision(),
        "has_bf16": has_bf16(),
        "batch_size": BATCH_SIZE,
        "unusable_gpu": None,
    }
    if runtime is not None:
        answer["unusable_gpu"] = unusable_gpu(runtime)
    return answer


if __name__ == "__main__":
    print("\n" + json.dumps(main(*sys.argv[1:])), flush=True)

"""Program that finds out what models run on here, and prints it as one JSON line.

With an argument it also asks whether TensorFlow can use the GPUs, which takes seconds.
"""

import json
import sys

from lookalike.embedding.runtimes.openvino import BATCH_SIZE, default_precision, has_bf16


def main(*, with_gpu: bool) -> dict[str, object]:
    answer: dict[str, object] = {
        "precision": default_precision(),
        "has_bf16": has_bf16(),
        "batch_size": BATCH_SIZE,
        "unusable_gpu": None,
    }
    if with_gpu:
        from lookalike.embedding.runtimes.tensorflow import unusable_gpu

        answer["unusable_gpu"] = unusable_gpu()
    return answer


if __name__ == "__main__":
    print("\n" + json.dumps(main(with_gpu=len(sys.argv) > 1)), flush=True)

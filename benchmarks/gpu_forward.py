"""Program that measures one model on the device of JAX: MODEL HOME SECONDS. Prints one JSON line."""

import json
import statistics
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding import resolve
from lookalike.embedding.runtimes.batches import Batch
from lookalike.embedding.runtimes.jax import JaxEmbedder
from lookalike.samples import samples

#: Calls that are begun before the first is waited for, as in the model process.
IN_FLIGHT = 2


def main(model: str, home: Path, seconds: float) -> dict[str, Any]:
    spec = resolve(model, preprocessing="caffe" if model.endswith(".keras") else None)
    started = time.perf_counter()
    embed = JaxEmbedder(spec, home=home)
    load_s = time.perf_counter() - started
    rates = {number * embed.batch_size: _rate(embed, number, seconds) for number in embed.together}
    answer = {"model": spec.name, "precision": embed.precision, "load_s": load_s, "rates": rates}
    if embed.precision != "f32":
        exact = JaxEmbedder(spec, home=home, precision="f32", together=(1,))
        answer["cosines"] = _cosines(embed, exact)
    return answer


def _rate(embed: JaxEmbedder, number: int, seconds: float) -> float:
    """Images a second in calls of `number` batches, from memory of the host to memory of the host."""
    shape = (embed.batch_size, embed.size, embed.size, 3)
    parts = [Batch(np.full(shape, part, np.uint8), embed.batch_size) for part in range(number)]
    begun: deque[Any] = deque()
    images, started = 0, time.perf_counter()
    while time.perf_counter() < started + seconds or begun:
        if time.perf_counter() < started + seconds:
            begun.append(embed.begin(parts))
        if len(begun) == IN_FLIGHT or time.perf_counter() >= started + seconds:
            images += len(embed.finish(begun.popleft()))
    return images / (time.perf_counter() - started)


def _cosines(fast: JaxEmbedder, exact: JaxEmbedder) -> dict[str, float]:
    """Of the drawn images in bfloat16 to those in float32."""
    drawn = np.stack([np.asarray(one.drawn().resize((fast.size, fast.size))) for one in samples(per_class=3, seed=7)])
    found = [float(value) for value in (fast(drawn) * exact(drawn)).sum(axis=1)]
    return {"median": statistics.median(found), "least": min(found)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))), flush=True)

"""Ray Data with Keras, as a program: `read_images`, `map_batches` on an actor that runs the model, bulk requests.

Run as `python -m benchmarks.ray_peer WEIGHTS INDEX_URL INDEX FILE_LIST`; prints one JSON object.
"""

import math
import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray

from benchmarks.side import BATCH, SIZE, create_index, document, embed, fresh_mark, load_model, write

#: TensorFlow uses all cores for one batch, so a second actor would only compete for them.
ACTORS = 1
#: By default, Ray gives an actor with one CPU one thread.
THREADS = str(os.cpu_count())


class Embed:
    """The model in its own actor."""

    def __init__(self, weights: str, mark: Path) -> None:
        self._model = load_model(weights)
        self._mark = mark

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The vectors of uint8 images with their paths; the images themselves are dropped."""
        return {"path": batch["path"], "vector": embed(self._model, batch["image"], self._mark)}


def main(weights: str, index_url: str, index: str, listing: str) -> None:
    paths = Path(listing).read_text().splitlines()
    began = time.perf_counter()
    client = create_index(index_url, index)
    # Without this variable, Ray writes a token to the user's home.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    os.environ.setdefault("OMP_NUM_THREADS", THREADS)
    ray.init(include_dashboard=False, log_to_driver=False)
    mark = fresh_mark(listing)
    write(client, index, _documents(paths, weights, mark), began, mark)


def _documents(paths: list[str], weights: str, mark: Path) -> Iterator[dict[str, Any]]:
    # As many blocks as batches: smaller blocks would leave partial batches, and TensorFlow compiles each new shape.
    blocks = math.ceil(len(paths) / BATCH)
    images = ray.data.read_images(paths, size=(SIZE, SIZE), mode="RGB", include_paths=True, override_num_blocks=blocks)
    actors = ray.data.ActorPoolStrategy(size=ACTORS)
    vectors = images.map_batches(Embed, fn_constructor_args=[weights, mark], batch_size=BATCH, compute=actors)
    for row in vectors.iter_rows():
        yield document(row["path"], row["vector"])


if __name__ == "__main__":
    main(*sys.argv[1:])

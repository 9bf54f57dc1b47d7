"""Daft with Keras, as a program: expressions download, decode and resize; a class runs the model; bulk requests write.

Run as `python -m benchmarks.daft_peer WEIGHTS INDEX_URL INDEX FILE_LIST`; prints one JSON object.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import daft
import numpy as np

from benchmarks.side import BATCH, DIMENSION, SIZE, create_index, document, embed, fresh_mark, load_model, write

VECTOR = daft.DataType.embedding(daft.DataType.float32(), DIMENSION)


# By default Daft loads a model per core, and their batches compete for TensorFlow's threads, which use all cores.
@daft.cls(max_concurrency=1)
class Embed:
    """The model, loaded in the process in which Daft runs it."""

    def __init__(self, weights: str, mark: Path) -> None:
        self._model = load_model(weights)
        self._mark = mark

    @daft.method.batch(return_dtype=VECTOR, batch_size=BATCH)
    def vectors(self, images: Any) -> Any:
        """The vectors of uint8 images of the model's size."""
        return embed(self._model, np.stack(images.to_pylist()), self._mark)


def main(weights: str, index_url: str, index: str, listing: str) -> None:
    paths = Path(listing).read_text().splitlines()
    began = time.perf_counter()
    client = create_index(index_url, index)
    mark = fresh_mark(listing)
    write(client, index, _documents(paths, weights, mark), began, mark)


def _documents(paths: list[str], weights: str, mark: Path) -> Iterator[dict[str, Any]]:
    frame = daft.from_pydict({"path": paths}).into_batches(BATCH)
    images = daft.col("path").download().decode_image(mode="RGB").resize(SIZE, SIZE)
    vectors = frame.select(daft.col("path"), Embed(weights, mark).vectors(images).alias("vector"))
    for row in vectors.iter_rows():
        yield document(row["path"], row["vector"])


if __name__ == "__main__":
    main(*sys.argv[1:])

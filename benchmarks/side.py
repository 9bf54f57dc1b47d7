"""The common parts of the article's way and its peers: model, index, timing and summary.

Does not use lookalike. Keras and the OpenSearch client are imported only in the functions that need them.
"""

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

#: The dimension of the article's vectors.
DIMENSION = 256
#: Width and height of an image in pixels.
SIZE = 224
#: Images per forward pass and per bulk request, for peers with batches.
BATCH = 32


def load_model(weights: str) -> Any:
    """The article's head on the backbone in `weights`: Dense 1024 ReLU, Dense 256 softmax, untrained."""
    import keras

    keras.utils.set_random_seed(0)
    backbone = keras.saving.load_model(weights)
    hidden = keras.layers.Dense(1024, activation="relu")(backbone.output)
    return keras.Model(backbone.input, keras.layers.Dense(DIMENSION, activation="softmax")(hidden))


def embed(model: Any, pixels: Any, mark: Path) -> Any:
    """Embed uint8 RGB [N, 224, 224, 3] as float32 [N, 256]. The first batch writes its end time and size to `mark`.

    `predict_on_batch` is Keras' function for batches that the caller has made.
    """
    from keras.applications.resnet50 import preprocess_input

    vectors = model.predict_on_batch(preprocess_input(pixels.astype("float32")))
    if not mark.exists():
        mark.write_text(f"{time.perf_counter()} {len(pixels)}")
    return vectors


def create_index(index_url: str, index: str) -> Any:
    """Create an empty index; returns a client of the OpenSearch."""
    from opensearchpy import OpenSearch

    client = OpenSearch(index_url)
    client.indices.delete(index=index, ignore=[404])
    vector = {
        "type": "knn_vector",
        "dimension": DIMENSION,
        "method": {"name": "hnsw", "engine": "lucene", "space_type": "l2"},
    }
    mappings = {"properties": {"name": {"type": "keyword"}, "image_embedding": vector}}
    client.indices.create(index=index, body={"settings": {"index": {"knn": True}}, "mappings": mappings})
    return client


def document(path: str, vector: Any) -> dict[str, Any]:
    return {"name": Path(path).parent.name, "image_embedding": vector.tolist()}


def fresh_mark(listing: str) -> Path:
    """The file for the end time of the first batch; frameworks return results late and in groups."""
    mark = Path(f"{listing}.first-batch")
    mark.unlink(missing_ok=True)
    return mark


def write(client: Any, index: str, documents: Iterable[dict[str, Any]], began: float, mark: Path) -> None:
    """Bulk-index the documents as they arrive, and print the summary. Steady work begins after the first batch.

    Images that a peer has read ahead by then count in its favour.
    """
    from opensearchpy import helpers

    written, _ = helpers.bulk(client, documents, index=index, chunk_size=BATCH)
    # On Linux, all processes share this clock.
    started, first = mark.read_text().split()
    print_summary(written - int(first), began, float(started))


def print_summary(images: int, began: float, started: float) -> None:
    """Print the images and seconds of steady work, and the seconds before it."""
    seconds = time.perf_counter() - started
    print(json.dumps({"images": images, "seconds": seconds, "start_seconds": started - began}))

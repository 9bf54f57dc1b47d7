"""What the article's way and its peers have in common: the model, the index, and how a run is timed and told.

It knows nothing of lookalike, and imports Keras and the client only where they are asked for.
"""

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

#: Of the article's vectors.
DIMENSION = 256
#: Pixels of an image's side.
SIZE = 224
#: Images of a forward pass, and of a bulk request beside the next one, where a peer has batches.
BATCH = 32


def load_model(weights: str) -> Any:
    """The article's head on the backbone in `weights`: Dense 1024 ReLU, Dense 256 softmax, untrained."""
    import keras

    keras.utils.set_random_seed(0)
    backbone = keras.saving.load_model(weights)
    hidden = keras.layers.Dense(1024, activation="relu")(backbone.output)
    return keras.Model(backbone.input, keras.layers.Dense(DIMENSION, activation="softmax")(hidden))


def embed(model: Any, pixels: Any, mark: Path) -> Any:
    """Float32 [N, 256] of uint8 RGB [N, 224, 224, 3]; the first batch leaves its end and size at `mark`.

    `predict_on_batch` is Keras' way for batches that somebody else has cut.
    """
    from keras.applications.resnet50 import preprocess_input

    vectors = model.predict_on_batch(preprocess_input(pixels.astype("float32")))
    if not mark.exists():
        mark.write_text(f"{time.perf_counter()} {len(pixels)}")
    return vectors


def create_index(index_url: str, index: str) -> Any:
    """A client of the OpenSearch; the index is empty."""
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
    """The file for the end time of the first batch: frameworks hand out results late and in bursts."""
    mark = Path(f"{listing}.first-batch")
    mark.unlink(missing_ok=True)
    return mark


def write(client: Any, index: str, documents: Iterable[dict[str, Any]], began: float, mark: Path) -> None:
    """Bulk-index the documents as they come, and print the summary: the start ends where the first batch does.

    What a peer has read ahead by then counts for it.
    """
    from opensearchpy import helpers

    written, _ = helpers.bulk(client, documents, index=index, chunk_size=BATCH)
    # On Linux all processes share this clock.
    started, first = mark.read_text().split()
    tell(written - int(first), began, float(started))


def tell(images: int, began: float, started: float) -> None:
    """Print the summary: images and seconds of steady work, and the seconds that came before."""
    seconds = time.perf_counter() - started
    print(json.dumps({"images": images, "seconds": seconds, "start_seconds": started - began}))

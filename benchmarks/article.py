"""The article's way, as a program: load_img, `predict` one picture at a time, one index call each.

Run as `python -m benchmarks.article WEIGHTS INDEX_URL FILE_LIST`; prints one JSON object.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

INDEX = "article"


def main(weights: str, index_url: str, listing: str) -> None:
    paths = Path(listing).read_text().splitlines()
    began = time.perf_counter()
    model, client = _model(weights), _client(index_url)
    _ingest_one(model, client, paths[0])
    started = time.perf_counter()
    for path in paths[1:]:
        _ingest_one(model, client, path)
    ended = time.perf_counter()
    summary = {"images": len(paths) - 1, "seconds": ended - started, "start_seconds": started - began}
    print(json.dumps(summary))


def _model(weights: str) -> Any:
    """The article's head on the backbone in `weights`: Dense 1024 ReLU, Dense 256 softmax, untrained."""
    import keras

    keras.utils.set_random_seed(0)
    backbone = keras.saving.load_model(weights)
    hidden = keras.layers.Dense(1024, activation="relu")(backbone.output)
    return keras.Model(backbone.input, keras.layers.Dense(256, activation="softmax")(hidden))


def _client(index_url: str) -> Any:
    from opensearchpy import OpenSearch

    client = OpenSearch(index_url)
    client.indices.delete(index=INDEX, ignore=[404])
    vector = {
        "type": "knn_vector",
        "dimension": 256,
        "method": {"name": "hnsw", "engine": "lucene", "space_type": "l2"},
    }
    mappings = {"properties": {"name": {"type": "keyword"}, "image_embedding": vector}}
    client.indices.create(index=INDEX, body={"settings": {"index": {"knn": True}}, "mappings": mappings})
    return client


def _ingest_one(model: Any, client: Any, path: str) -> None:
    import keras
    import numpy as np
    from keras.applications.resnet50 import preprocess_input

    pixels = keras.utils.img_to_array(keras.utils.load_img(path, target_size=(224, 224)))
    vector = model.predict(preprocess_input(np.expand_dims(pixels, 0)), verbose=0)[0]
    client.index(index=INDEX, body={"name": Path(path).parent.name, "image_embedding": vector.tolist()})


if __name__ == "__main__":
    main(*sys.argv[1:])

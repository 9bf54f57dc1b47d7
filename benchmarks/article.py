"""The article's way, as a program: load_img, `predict` one image at a time, one index call each.

Run as `python -m benchmarks.article WEIGHTS INDEX_URL INDEX FILE_LIST`; prints one JSON object.
"""

import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.side import SIZE, create_index, document, load_model, print_summary


def main(weights: str, index_url: str, index: str, listing: str) -> None:
    paths = Path(listing).read_text().splitlines()
    began = time.perf_counter()
    model, client = load_model(weights), create_index(index_url, index)
    _ingest_one(model, client, index, paths[0])
    started = time.perf_counter()
    for path in paths[1:]:
        _ingest_one(model, client, index, path)
    print_summary(len(paths) - 1, began, started)


def _ingest_one(model: Any, client: Any, index: str, path: str) -> None:
    import keras
    import numpy as np
    from keras.applications.resnet50 import preprocess_input

    pixels = keras.utils.img_to_array(keras.utils.load_img(path, target_size=(SIZE, SIZE)))
    vector = model.predict(preprocess_input(np.expand_dims(pixels, 0)), verbose=0)[0]
    client.index(index=index, body=document(path, vector))


if __name__ == "__main__":
    main(*sys.argv[1:])

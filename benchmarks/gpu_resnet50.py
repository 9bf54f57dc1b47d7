"""Program that writes a ResNet50 with random weights into a .keras file: FILE. Prints one JSON line."""

import json
import sys

from lookalike.embedding.graph.backend import keras

if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    model = keras.applications.ResNet50(weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3))
    model.save(sys.argv[1])
    print(json.dumps({"file": sys.argv[1]}), flush=True)

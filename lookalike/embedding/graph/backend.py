"""Keras, bound to a backend and quiet: the only module that imports it, because both are set before the import."""

import os

from lookalike.embedding.graph import chosen

os.environ["KERAS_BACKEND"] = chosen.backend()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

# Keras reads these from ~/.keras/keras.json, which another program may have written; they would change every vector.
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")
keras.config.set_dtype_policy("float32")

__all__ = ["keras"]

"""Keras, bound to TensorFlow and quiet: the only module that imports it, because both must be set before the import."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

__all__ = ["keras"]

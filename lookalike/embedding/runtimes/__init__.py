"""Runs models: with OpenVINO, with TensorFlow, or in another process."""

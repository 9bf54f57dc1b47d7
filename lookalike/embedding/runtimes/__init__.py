"""What executes a model: OpenVINO, TensorFlow, or another process that holds the model."""

"""Graphs from elsewhere, ONNX files and OpenVINO IRs: from their input and output to pixels and vectors."""

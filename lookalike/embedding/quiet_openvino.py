"""OpenVINO, made quiet: the one place that imports it, because that must be settled before the import."""

import sys

# Intel's telemetry package calls home when OpenVINO is imported; where it is missing OpenVINO uses a stub.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402

__all__ = ["openvino"]

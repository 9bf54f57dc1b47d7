"""OpenVINO without telemetry and converter: the only module that imports it, because both are set before the import."""

import sys

# Intel's telemetry package calls home when OpenVINO is imported; where it is missing OpenVINO uses a stub.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
# Only the child that converts needs this package; without it a search starts a tenth faster.
CONVERSION = "openvino.tools.ovc"
is_left_out = CONVERSION not in sys.modules
if is_left_out:
    sys.modules[CONVERSION] = None  # type: ignore[assignment]

import openvino  # noqa: E402

if is_left_out:
    del sys.modules[CONVERSION]

__all__ = ["openvino"]

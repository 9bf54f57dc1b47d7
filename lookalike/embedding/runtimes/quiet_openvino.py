"""OpenVINO, made quiet and lean: the one place that imports it, because that must be settled before the import."""

import sys

# Intel's telemetry package calls home when OpenVINO is imported; where it is missing OpenVINO uses a stub.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
# Converting is the compiler's alone, and OpenVINO does without where it is missing: a tenth of a search's start.
CONVERSION = "openvino.tools.ovc"
is_left_out = CONVERSION not in sys.modules
if is_left_out:
    sys.modules[CONVERSION] = None  # type: ignore[assignment]

import openvino  # noqa: E402

if is_left_out:
    del sys.modules[CONVERSION]

__all__ = ["openvino"]

"""Reads an ONNX file or an IR with OpenVINO, which runs no code of it: operators that it does not have are refused."""

import re
from pathlib import Path
from typing import Any

from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs.graph_file import sha256_of
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable
from lookalike.shown import clause, shortened

#: What OpenVINO raises of a graph that it cannot read or run; UnicodeDecodeError where a name in it is not UTF-8.
FAILURES = (RuntimeError, UnicodeDecodeError)
#: Most characters of what OpenVINO says.
_LONGEST = 300
_UNKNOWN = re.compile(r"(?:not support the following ONNX operations|No conversion rule found for operations): *(.+)")


def read(spec: ModelSpec) -> Any:
    """The graph of an image model. Raises ModelUnavailable."""
    path = Path(spec.weights)
    if sha256_of(path) != spec.weights_sha256:
        raise ModelUnavailable(f"The model file {path} changed while it was being read.", "Start again.")
    model = graph_of(path)
    if len(model.get_parameters()) != 1:
        what = f"{path} has {len(model.get_parameters())} inputs, and an image model has one."
        raise ModelUnavailable(what, "Export the image encoder alone.")
    return model


def graph_of(path: Path) -> Any:
    """The graph in a file whose digest was taken, so that it is known what it reads. Raises ModelUnavailable."""
    try:
        return openvino.Core().read_model(path)
    except FAILURES as error:
        unknown = _UNKNOWN.search(str(error))
        if unknown is not None:
            what = f"{path} has operators that OpenVINO does not have: {clause(unknown[1])}."
            raise ModelUnavailable(what, "Export it with the standard operators of ONNX.") from error
        what = f"The model file {path} cannot be used: {reason(error)}."
        raise ModelUnavailable(what, "Download or export it again.") from error


def reason(error: BaseException | None) -> str:
    """What OpenVINO says of an error, without the places in its sources."""
    if isinstance(error, UnicodeDecodeError):
        return "a name in it is not UTF-8"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(("Check '", "Exception from"))]
    return shortened(clause(said[-1] if said else error), _LONGEST)

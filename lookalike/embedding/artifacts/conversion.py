"""Compiles a spec to an OpenVINO graph in another process, so that the caller does not keep its memory."""

import errno
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from lookalike.embedding.children import json_process
from lookalike.embedding.specs.lites import BY_BACKBONE
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import LookalikeError, ModelUnavailable
from lookalike.extras import check_installed
from lookalike.shown import clause

CHILD = "lookalike.embedding.children.conversion"
#: OpenVINO does not say why a write failed; with less free space than this, the disk was full.
_FULL_BELOW_BYTES = 1 << 20


@dataclass(frozen=True)
class Converted:
    """The child's answer: the dimension of its vectors, and the versions of the libraries that made the graph."""

    dimension: int
    versions: dict[str, str]


def convert(spec: ModelSpec, folder: Path) -> Converted:
    """Write model.xml and model.bin into `folder`. Raises MissingExtra, ModelUnavailable, OSError."""
    _check_installed(spec)
    try:
        answer = json_process.run(CHILD, str(folder), stdin=spec.to_json())
    except json_process.ChildFailed as failed:
        raise translated(failed, spec.name, folder, spec.weights if spec.is_imported else None) from None
    if "refused" in answer:
        raise ModelUnavailable(*answer["refused"])
    return Converted(**answer)


def _check_installed(spec: ModelSpec) -> None:
    needed_by = f"The model {spec.name} is not built yet, and building it"
    if (lite := BY_BACKBONE.get(spec.backbone)) is not None:
        check_installed(lite.package, needed_by=needed_by, extra=lite.extra)
    elif spec.is_imported:
        check_installed("openvino", needed_by=needed_by, extra="models")
    else:
        check_installed("keras", "tensorflow", needed_by=needed_by, extra="worker")


def translated(failed: json_process.ChildFailed, name: str, folder: Path, file: str | None) -> LookalikeError | OSError:
    """The error of a child that compiles the model `name` into `folder`. `file`: the graph that OpenVINO reads."""
    if shutil.disk_usage(folder).free < _FULL_BELOW_BYTES:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    if failed.returncode is not None and failed.returncode < 0:
        ended_by = signal.Signals(-failed.returncode)
        what = f"{ended_by.name} ended the process that compiled {name}."
        if file is not None and ended_by is not signal.SIGKILL:
            return ModelUnavailable(what, f"The file {file} may be damaged: download or export it again.")
        return ModelUnavailable(what, "Most likely it ran out of memory; compiling takes about 2 GB.")
    return ModelUnavailable(f"The model {name} cannot be compiled: {clause(failed.why)}.", "Use another model.")

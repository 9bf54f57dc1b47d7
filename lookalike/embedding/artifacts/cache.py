"""Compiled models on disk, one folder per fingerprint, published atomically.

HOME/models/<fingerprint>/model.xml, model.bin    the graph
                          manifest.json           the spec, the dimension, and a digest of the two files
"""

import json
import logging
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lookalike.embedding.artifacts import conversion, published, quantized
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable
from lookalike.records import ModelIdentity

log = logging.getLogger(__name__)

#: Parts of the graph.
_PARTS = ("model.xml", "model.bin")


@dataclass(frozen=True)
class Artifact:
    """A compiled model on disk: `graph` is the OpenVINO file, its weights beside it."""

    identity: ModelIdentity
    graph: Path


def find(spec: ModelSpec, home: Path) -> Artifact | None:
    """The artifact of `spec`, or None if it is missing or damaged; a damaged one is logged and moved aside."""

    def read(manifest: dict[str, Any]) -> Artifact:
        identity = ModelIdentity(spec.name, spec.fingerprint, int(manifest["dimension"]), spec.metric)
        return Artifact(identity, graph_path(spec, home))

    return published.find(_folder(spec, home), _PARTS, read)


def is_built(spec: ModelSpec, home: Path) -> bool:
    """Whether an artifact of `spec` exists; unlike `find`, does not read the weights to check them."""
    return _folder(spec, home).exists()


def graph_path(spec: ModelSpec, home: Path) -> Path:
    """Where the graph of `spec` is, or will be."""
    return _folder(spec, home) / _PARTS[0]


def build_artifact(spec: ModelSpec, home: Path) -> Artifact:
    """The artifact of `spec`, built if it is missing or damaged. Raises ModelUnavailable, DiskFull."""
    artifact = find(spec, home)
    if artifact is not None:
        return artifact
    published.publish(_folder(spec, home), _PARTS, partial(_fill, spec), home)
    artifact = find(spec, home)
    if artifact is None:
        what = f"The model {spec.name} was built, but {_folder(spec, home)} does not contain it."
        raise ModelUnavailable(what, "Another program removed it. Run the same command again.")
    return artifact


def _fill(spec: ModelSpec, building: Path) -> dict[str, Any]:
    """Write the graph; returns the manifest."""
    started = time.monotonic()
    log.info("Compiling the model %s (%s), once.", spec.name, spec.fingerprint)
    compiled = quantized.unpack(spec, building) if spec.has_graph_file else conversion.convert(spec, building)
    log.info("Compiled the model %s in %.1f s.", spec.name, time.monotonic() - started)
    return {
        "name": spec.name,
        "fingerprint": spec.fingerprint,
        "dimension": compiled.dimension,
        "metric": spec.metric,
        "spec": json.loads(spec.to_json()),
        "versions": compiled.versions,
    }


def _folder(spec: ModelSpec, home: Path) -> Path:
    return home / "models" / spec.fingerprint

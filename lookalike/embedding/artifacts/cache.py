"""Compiled models on disk, one folder per fingerprint, published atomically.

HOME/models/<fingerprint>/model.xml, model.bin    the graph
                          manifest.json           the spec, the dimension, and a digest of the two files
"""

import errno
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lookalike.embedding.artifacts import conversion, quantized
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import DiskFull, ModelUnavailable
from lookalike.records import ModelIdentity
from lookalike.shown import clause

log = logging.getLogger(__name__)

#: Parts of the graph; the manifest is written after them.
_PARTS = ("model.xml", "model.bin")
#: An unfinished build of this age belongs to a killed process.
_ABANDONED_S = 3600.0


@dataclass(frozen=True)
class Artifact:
    """A compiled model on disk: `graph` is the OpenVINO file, its weights beside it."""

    identity: ModelIdentity
    graph: Path


def find(spec: ModelSpec, home: Path) -> Artifact | None:
    """The artifact of `spec`, or None if it is missing or damaged; a damaged one is logged and moved aside."""
    folder = _folder(spec, home)
    if not folder.exists():
        return None
    try:
        return _read(spec, folder)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning("The compiled model in %s is damaged (%r); it will be built again.", folder, error)
        _move_aside(folder)
    return None


def is_built(spec: ModelSpec, home: Path) -> bool:
    """Whether an artifact of `spec` exists; unlike `find`, does not read the weights to check them."""
    return _folder(spec, home).exists()


def graph_path(spec: ModelSpec, home: Path) -> Path:
    """Where the graph of `spec` is, or will be."""
    return _folder(spec, home) / _PARTS[0]


def _read(spec: ModelSpec, folder: Path) -> Artifact:
    manifest = json.loads((folder / "manifest.json").read_text())
    for part in _PARTS:
        if _digest(folder / part) != manifest["sha256"][part]:
            raise ValueError(f"{part} changed")
    identity = ModelIdentity(spec.name, spec.fingerprint, int(manifest["dimension"]), spec.metric)
    return Artifact(identity, folder / _PARTS[0])


def build_artifact(spec: ModelSpec, home: Path) -> Artifact:
    """The artifact of `spec`, built if it is missing or damaged. Raises ModelUnavailable, DiskFull."""
    artifact = find(spec, home)
    if artifact is not None:
        return artifact
    with _translated(home):
        _build(spec, home)
    artifact = find(spec, home)
    if artifact is None:
        what = f"The model {spec.name} was built, but {_folder(spec, home)} does not contain it."
        raise ModelUnavailable(what, "Another program removed it. Run the same command again.")
    return artifact


def _build(spec: ModelSpec, home: Path) -> None:
    models = home / "models"
    models.mkdir(parents=True, exist_ok=True)
    _sweep(models)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=models))
    # mkdtemp makes it private, but in a container image another user reads it.
    building.chmod(0o755)
    try:
        _fill(building, spec)
        _publish(building, _folder(spec, home))
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _fill(building: Path, spec: ModelSpec) -> None:
    started = time.monotonic()
    log.info("Compiling the model %s (%s), once.", spec.name, spec.fingerprint)
    compiled = quantized.unpack(spec, building) if spec.has_graph_file else conversion.convert(spec, building)
    manifest = {
        "name": spec.name,
        "fingerprint": spec.fingerprint,
        "dimension": compiled.dimension,
        "metric": spec.metric,
        "spec": json.loads(spec.to_json()),
        "versions": compiled.versions,
        "sha256": {part: _digest(building / part) for part in _PARTS},
    }
    (building / "manifest.json").write_text(json.dumps(manifest, indent=2))
    _flush(building)
    log.info("Compiled the model %s in %.1f s.", spec.name, time.monotonic() - started)


def _flush(folder: Path) -> None:
    """Write to disk before the rename does; a full disk may be reported only here."""
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _publish(building: Path, folder: Path) -> None:
    try:
        building.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        log.info("Another process compiled %s meanwhile.", folder.name)


def _move_aside(folder: Path) -> None:
    """Rename the folder, because another process may read it."""
    try:
        aside = Path(tempfile.mkdtemp(prefix=".damaged-", dir=folder.parent))
        folder.rename(aside / folder.name)
    except OSError as error:
        log.warning("%s cannot be moved aside: %s", folder, error)
    else:
        shutil.rmtree(aside, ignore_errors=True)


def _sweep(models: Path) -> None:
    """Remove what killed builds left behind."""
    for left in (*models.glob(".building-*"), *models.glob(".damaged-*")):
        # Another process may finish a build, or sweep, at the same time.
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _translated(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                f"No space left in {home} for the compiled model.", "Free some space, or move LOOKALIKE_HOME."
            ) from error
        raise ModelUnavailable(
            f"The model cannot be written to {home}: {clause(error)}.", "Check LOOKALIKE_HOME."
        ) from error


def _folder(spec: ModelSpec, home: Path) -> Path:
    return home / "models" / spec.fingerprint


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
